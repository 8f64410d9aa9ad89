package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

// showForm prints what a citizen wrote, or writes it to a file that must not exist. The look goes on record first.
func (a *app) showForm(ctx context.Context, r control.FormRequest, out string) (err error) {
	file := (*os.File)(nil)
	to := func(control.Form) (io.Writer, error) {
		if out == "" {
			return a.stdout, nil
		}
		file, err = os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			err = &control.Error{Code: codeExists, Message: out + " is there already", Hint: "name another file; this command overwrites nothing"}
		}
		return file, err
	}
	err = a.agent(ctx, func(c *control.Client) error { return c.Form(ctx, r, to) },
		func(j *journal.Journal, p config.Place) error {
			what := "form"
			if r.Attachment != "" {
				what = "attachment"
			}
			return a.onRecord(ctx, p, "show-form", r.ID.String(), map[string]string{"what": what}, func() error {
				f, err := orders.FormOf(ctx, j, content.OpenReadOnly(filepath.Join(p.State, "content")), r)
				if err != nil {
					return notFound(err, r.ID)
				}
				return copyForm(f, to)
			})
		})
	if file == nil {
		return err
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(out)) // half a form is none
	}
	fmt.Fprintf(a.stderr, "wrote %s\n", out)
	return nil
}

func copyForm(f control.Form, to func(control.Form) (io.Writer, error)) error {
	body, err := f.Blob.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	w, err := to(f)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, body)
	return err
}
