package setup

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/cases"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/mask"
)

// fromStored is what test is told to make a case of.
type fromStored struct {
	id     string
	secret string // file of the secret that masks are made with
	keep   []string
	form   string // file to write, beside the mapping
}

// madeCase is what test --from did, for --json.
type madeCase struct {
	Mapping   string   `json:"mapping"`
	Files     []string `json:"files"`
	Case      string   `json:"case"`
	Kept      []string `json:"kept,omitempty"`      // fields that stay as they are, and why
	Unchecked []string `json:"unchecked,omitempty"` // fields whose masks have lost their check digits
}

// run makes a case of a submission that the agent keeps. Nothing is written unless the mapping passes it.
func (o fromStored) run(ctx context.Context, a *cli.App, file string) error {
	id, err := cli.ParseID(o.id)
	if err != nil {
		return err
	}
	if o.form = filepath.ToSlash(o.form); o.form != "" && !fs.ValidPath(o.form) {
		return cli.Usagef("--form is a file beside the mapping, or in a folder below")
	}
	plan, err := loadMapping(file)
	if err != nil {
		return err
	}
	secret, err := o.maskSecret()
	if err != nil {
		return err
	}
	var masked *cases.Masked
	err = a.Kept(ctx, "test-from", id.String(), func(j *journal.Journal, store *content.Store) error {
		list, err := delivering.Of(j).Kept(ctx, delivering.Kept{ID: id}, 0, 1)
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return cli.Usagef("submission %s was not read by a mapping, or its content is gone", id)
		case list[0].Lost != nil:
			return list[0].Lost
		}
		in := prepare.Input(store, &list[0])
		masked, err = cases.Mask(plan, cases.Sample{Form: list[0].Form, Attachments: in.Attachments, Returned: in.Returned, Keep: o.keep}, mask.New(secret))
		return err
	})
	if err != nil {
		return err
	}
	out, files, err := o.made(plan, file, id, masked)
	if err != nil {
		return err
	}
	for _, name := range out.Files {
		if err := o.write(filepath.Join(filepath.Dir(file), filepath.FromSlash(name)), files[name]); err != nil {
			return err
		}
	}
	if err := os.WriteFile(file, files[filepath.Base(file)], 0o644); err != nil {
		return err
	}
	return a.Print(out, func(w io.Writer) { printMade(w, out, file) })
}

// write makes a file that must not be there.
func (o fromStored) write(name string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return cli.NewFile(name, 0o644, "name another one by --form", func(w io.Writer) error { _, err := w.Write(body); return err })
}

// maskSecret reads the secret, and makes it where it is named and missing. Without a name it is a new one each time.
func (o fromStored) maskSecret() ([]byte, error) {
	fresh := []byte(rand.Text() + "\n")
	if o.secret == "" {
		return fresh, nil
	}
	b, err := os.ReadFile(o.secret)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fresh, os.WriteFile(o.secret, fresh, 0o600)
	case err == nil && len(strings.TrimSpace(string(b))) < 16:
		return nil, cli.Usagef("the secret in %s is shorter than 16 signs: name a file that is not there, and it is made", o.secret)
	}
	return b, err
}

// made is the case with all files that change, by their place beside the mapping; the mapping has been found to pass it.
func (o fromStored) made(plan *mapping.Plan, file string, id journal.ID, m *cases.Masked) (out madeCase, files map[string][]byte, err error) {
	base := filepath.Base(file)
	form := cmp.Or(o.form, path.Join(samples(plan), "masked-"+id.String()+mask.Ending(plan.Format())))
	out = madeCase{Mapping: file, Files: []string{form}, Kept: m.Kept, Unchecked: m.Unchecked}
	files = map[string][]byte{form: m.Form}
	var attached []string
	for i, x := range m.Attachments {
		name := path.Join(strings.TrimSuffix(form, path.Ext(form)), x.Name)
		if files[name] != nil {
			name = path.Join(path.Dir(name), fmt.Sprint(i+1), x.Name)
		}
		if files[name], err = read(x.Blob); err != nil {
			return out, nil, err
		}
		attached, out.Files = append(attached, name), append(out.Files, name)
	}
	lines, err := cases.Case(plan, m.Sample, form, attached)
	if err != nil {
		return out, nil, err
	}
	out.Case = strings.Join(lines, "\n") + "\n"
	src, err := os.ReadFile(file)
	if err != nil {
		return out, nil, err
	}
	if files[base], err = cases.AddCase(src, lines); err != nil {
		return out, nil, err
	}
	all := beside{os.DirFS(filepath.Dir(file)), files}
	now, err := load.Mapping(all, base, nil)
	if err != nil {
		return out, nil, err
	}
	list := cases.Run(now, all)
	if len(list) == 0 || !list[len(list)-1].OK || len(list) != len(plan.Cases())+1 {
		return out, nil, fmt.Errorf("the case does not pass as it would be written: %s", strings.Join(list[len(list)-1].Diffs, "; "))
	}
	return out, files, nil
}

// samples is the folder of the last case's form.
func samples(p *mapping.Plan) string {
	folder := "."
	for _, t := range p.Cases() {
		if t.Form != "" {
			folder = path.Dir(t.Form)
		}
	}
	return folder
}

func read(b connectors.Blob) ([]byte, error) {
	r, err := b.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// beside are the files of a folder, some of which are others than they lie there.
type beside struct {
	fs.FS
	files map[string][]byte
}

// ReadFile implements fs.ReadFileFS.
func (b beside) ReadFile(name string) ([]byte, error) {
	if body, ok := b.files[name]; ok {
		return body, nil
	}
	return fs.ReadFile(b.FS, name)
}

func printMade(w io.Writer, m madeCase, file string) {
	fmt.Fprintf(w, "%s has a new case; it passes. Wrote beside it:\n", file)
	for _, name := range m.Files {
		fmt.Fprintf(w, "  %s\n", cli.Visible(name))
	}
	for _, k := range m.Kept {
		fmt.Fprintf(w, "kept as it is: %s\n", cli.Visible(k))
	}
	for _, u := range m.Unchecked {
		fmt.Fprintf(w, "no longer passes: %s\n", cli.Visible(u))
	}
	fmt.Fprintln(w, "look at the form and the case before you keep them, and raise the mapping's version if forms were accepted by it")
}
