package setup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/connectors"
)

// hidden reads a secret: twice from a terminal without showing it, else standard input to its end, without
// the last line ending.
func hidden(a *cli.App, name string) (string, error) {
	f, isFile := a.Stdin.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		b, err := io.ReadAll(io.LimitReader(a.Stdin, secret.MaxSize+3))
		if err != nil {
			return "", fmt.Errorf("read the secret: %w", err)
		}
		if !utf8.Valid(b) {
			b = append(b, 0) // refused as no text
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
	}
	first, err := ask(a, f, name+": ")
	if err != nil {
		return "", err
	}
	second, err := ask(a, f, "once more: ")
	if err == nil && first != second {
		err = connectors.Errorf(connectors.ItemError, secret.CodeValue, "set the secret "+name, "try again", "the two are not the same")
	}
	return first, err
}

// ask reads one line from a terminal with its echo off; Ctrl+C gives the terminal back as it was.
func ask(a *cli.App, f *os.File, prompt string) (string, error) {
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("ask for the secret: %w", err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	fmt.Fprint(a.Stderr, prompt)
	go func() { // a terminal that is read cannot be let go of: after Ctrl+C this ends with the process
		text, err := term.ReadPassword(fd)
		typed <- answer{text, err}
	}()
	select {
	case got := <-typed:
		fmt.Fprintln(a.Stderr)
		if errors.Is(got.err, io.EOF) {
			got.err = nil
		}
		return string(got.text), got.err
	case <-signals:
		fmt.Fprintln(a.Stderr)
		return "", errors.Join(errInterrupted, term.Restore(fd, before))
	}
}

var errInterrupted = errors.New("interrupted; nothing was changed")
