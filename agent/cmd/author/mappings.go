package author

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/workbench"
)

// tryID stands for the ID that a submission would get.
const tryID = "0000000000000"

// trial is a form on its way through a mapping, with nothing written.
type trial struct {
	plan   *mapping.Plan
	form   mapping.Form
	input  mapping.Input
	errors []mapping.FieldError // the form's fault; nil: it can be mapped
	parked error                // ours: a person would have to look at the form
	mapped *mapping.Mapped

	raw   []byte
	bench workbench.Bench
}

// loadMapping reads a mapping file; targets are taken as they are named.
func loadMapping(path string) (*mapping.Plan, error) {
	plan, err := load.Mapping(os.DirFS(filepath.Dir(path)), filepath.Base(path), nil)
	if problems, ok := problemsOf(err); ok {
		for i := range problems { // a mapping knows its files by their place beside it
			problems[i].File = shown(filepath.Join(filepath.Dir(path), filepath.FromSlash(problems[i].File)))
		}
	}
	return plan, err
}

// shown returns a path as seen from the working folder, when it lies below that.
func shown(path string) string {
	wd, err := os.Getwd()
	if err != nil || !filepath.IsAbs(path) {
		return path
	}
	rel, err := filepath.Rel(wd, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return rel
}

// try sends a form through a mapping.
func try(a *cli.App, mappingPath, formPath string, at int, attachments []string) (*trial, error) {
	plan, err := loadMapping(mappingPath)
	if err != nil {
		return nil, err
	}
	src, err := readForm(a, formPath)
	if err != nil {
		return nil, err
	}
	if src, err = oneOf(plan, src, at); err != nil {
		return nil, err
	}
	in := mapping.Input{ID: tryID, Reference: filepath.Base(formPath), Received: time.Now()}
	for _, path := range attachments {
		x, err := attachment(path)
		if err != nil {
			return nil, err
		}
		in.Attachments = append(in.Attachments, x)
	}
	in.Attachments = append(in.Attachments, plan.Carried(src)...)
	t := workbench.Try(plan, src, in)
	return &trial{plan: plan, form: t.Form, input: t.Input, errors: t.Errors, parked: t.Parked, mapped: t.Mapped, raw: src,
		bench: workbench.Bench{Files: os.DirFS(filepath.Dir(mappingPath)), Name: filepath.Base(mappingPath)}}, nil
}

// oneOf takes one form out of a file of several, by its line or number. A file that cannot be taken apart stays as it is, which is told then.
func oneOf(plan *mapping.Plan, src []byte, at int) ([]byte, error) {
	if !plan.Several() {
		return src, nil
	}
	forms, err := plan.Split(src, "")
	if err != nil || len(forms) == 1 && at == 0 {
		return src, nil
	}
	for i := range forms {
		if forms[i].At == at {
			return forms[i].Bytes(), nil
		}
	}
	return nil, cli.Usagef("the file has %d forms, from %d to %d: name one by --at", len(forms), forms[0].At, forms[len(forms)-1].At)
}

func readForm(a *cli.App, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(a.Stdin)
	}
	return os.ReadFile(path)
}

func attachment(path string) (connectors.Attachment, error) {
	f, err := os.Open(path)
	if err != nil {
		return connectors.Attachment{}, err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return connectors.Attachment{}, err
	}
	return connectors.Attachment{Name: filepath.Base(path), ContentType: cli.ContentType(path),
		Blob: connectors.Blob{Digest: connectors.Digest(h.Sum(nil)), Size: n, Open: func() (io.ReadCloser, error) { return os.Open(path) }}}, nil
}
