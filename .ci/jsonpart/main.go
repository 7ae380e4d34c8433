// Command jsonpart prints the named members of the JSON object on its standard input, in canonical form: sorted
// keys, one value per line. It fails if one is missing or empty, so that a comparison of two outputs cannot
// succeed for want of anything to compare.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "jsonpart:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, names []string) error {
	if len(names) == 0 {
		return errors.New("usage: jsonpart NAME... <FILE")
	}
	var object map[string]any
	decoder := json.NewDecoder(in)
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("more than one value on standard input")
	}
	part := map[string]any{}
	for _, name := range names {
		value, ok := object[name]
		if !ok {
			return fmt.Errorf("no member %q", name)
		}
		if empty(value) {
			return fmt.Errorf("member %q is empty", name)
		}
		part[name] = value
	}
	text, err := json.MarshalIndent(part, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return err
}

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}
