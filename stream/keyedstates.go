package stream

// keyedStates holds a state for each key of an operator and forgets those that are over. It does so when the table is full and
// before it grows: at least half of the states must be over for their keys to be thrown out, so that a walk through
// n states is paid for by the n/2 keys that came since the last one.
type keyedStates[K comparable, S any] struct {
	slots[K, S]
	keys    keys[K]
	account *Account       // nil: nothing is bounded
	over    func(*S) bool  // whether a state can be forgotten; once true, always true
	held    func(*S) int64 // bytes it holds on the account beyond its static size; nil: none
}

// of returns the index of the state of k, a zero one if there is none. It is valid until the next call.
func (s *keyedStates[K, S]) of(k *K) (index int, err error) {
	if s.table.Room() == 0 && s.table.Len() > 0 {
		if index, ok := s.table.Find(k); ok {
			return index, nil
		}
		if err := s.tidy(); err != nil {
			return 0, err
		}
	}
	index, _, err = s.upsert(s.keys, k, s.account)
	return index, err
}

// giveBack ends the account, where there is one.
func (s *keyedStates[K, S]) giveBack() {
	if s.account != nil {
		s.account.Close()
	}
}

// rekey makes k the key of a state that begins anew. What is there is equal, but equal keys may have other bytes (0 and
// -0, one instant in two zones), and a key that was thrown out in between would have come back as k.
func (s *keyedStates[K, S]) rekey(index int, k *K) { *s.table.Key(index) = *k }

// tidy moves the states that go on to another table, if they are the smaller half.
func (s *keyedStates[K, S]) tidy() error {
	live := 0
	for i := range s.vals {
		if !s.over(&s.vals[i]) {
			live++
		}
	}
	if live > len(s.vals)/2 {
		return nil
	}
	fresh := newSlots[K, S](s.keys)
	for i := range s.vals {
		if state := &s.vals[i]; !s.over(state) {
			to, _, err := fresh.upsert(s.keys, s.table.Key(i), s.account)
			if err != nil {
				return err
			}
			fresh.vals[to] = *state
		} else if s.account != nil && s.held != nil {
			s.account.Shrink(s.held(state))
		}
	}
	if s.account != nil {
		s.account.Shrink(s.bytes())
	}
	s.slots = fresh
	return nil
}

// keysOf checks what every state object of event time must have, for fn: as is the name that later errors show.
func keysOf[K comparable](fn, as string, r Resources) (keys[K], error) {
	keys, err := newKeys[K](fn)
	if err == nil {
		err = r.Check("stream", fn)
	}
	keys.fn = as
	return keys, err
}
