package stream

import "fmt"

// Account books one operator's live state against its Resources: its own Memory and the shared Budget.
// It is what a stateful operator of yours calls before it grows. It is not safe for concurrent use.
type Account struct {
	where  string // for errors, "stream: Aggregate"
	limit  int64  // bytes; 0: unbounded
	budget *Budget
	used   int64 // bytes booked by this account
}

// Account opens an account for the operator named where ("stream: Aggregate"). Close it when the operator
// ends, on every path.
func (r Resources) Account(where string) *Account {
	return &Account{where: where, limit: r.Memory, budget: r.Budget}
}

// Grow books n more bytes. It returns a *LimitError and books nothing where a bound would be passed.
func (a *Account) Grow(n int64) error {
	if n < 0 {
		panic(fmt.Sprintf("stream: Account.Grow: negative size %d", n))
	}
	if a.limit > 0 && n > a.limit-a.used {
		return &LimitError{Where: a.where, What: "bytes of live state", Limit: a.limit, Need: a.used + n}
	}
	if a.budget != nil && !a.budget.Reserve(n) {
		return &LimitError{Where: a.where, What: "bytes of the shared budget", Limit: a.budget.Total()}
	}
	a.used += n
	return nil
}

// Shrink gives n bytes back.
func (a *Account) Shrink(n int64) {
	if n < 0 || n > a.used {
		panic(fmt.Sprintf("stream: Account.Shrink: %d bytes, %d are booked", n, a.used))
	}
	a.used -= n
	if a.budget != nil {
		a.budget.Release(n)
	}
}

// Used returns the bytes booked now.
func (a *Account) Used() int64 { return a.used }

// Close gives everything back. It can be called again.
func (a *Account) Close() { a.Shrink(a.used) }

// bookStep is how many bytes an operator that grows row by row books ahead, so that most rows touch no account:
// little beside any bound worth setting. Where the bound has no step left, bytes are booked one by one.
const bookStep = 4 << 10
