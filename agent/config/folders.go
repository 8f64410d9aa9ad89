package config

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// workFolder is a folder that an entry of the configuration works in.
type workFolder struct {
	connectors.WorkFolder
	entry  Connector
	remote bool
	seen   // on this machine
}

// seen is what a look at a folder has told.
type seen struct {
	file os.FileInfo // nil: it is not there, or did not answer
	real string      // its name without links, as far as they are known
}

// taken tells whether files are taken out of it.
func (f *workFolder) taken() bool { return f.Use == "forms" }

// folders refuses folders through which files come back to where they were taken from: what the agent puts or moves into
// a folder must not lie there as a form or an answer.
func (l *loader) folders() {
	all := l.workFolders()
	l.routesFit(all)
	for n := range all {
		for m := range all {
			if why := all[n].returns(&all[m], n < m); why != "" {
				l.add(l.c.Problem(CodeFolders, why, "give each of them a folder of its own", all[m].key()...))
			}
			if n < m && l.collide(&all[n], &all[m]) {
				l.c.Warnings = append(l.c.Warnings, l.c.Problem(CodeFolders, fmt.Sprintf("%s and %s put files of the same names into one folder: whichever comes second is parked", all[n].name(), all[m].name()),
					"give one of them other names or another folder", all[m].key()...))
			}
			if n < m && all[n].overlaps(&all[m]) {
				l.c.Warnings = append(l.c.Warnings, l.c.Problem(CodeFolders, fmt.Sprintf("%s and %s take files out of one folder, and a name may fit match of both", all[n].name(), all[m].name()),
					"let no name fit both, or give each of them a folder of its own", append(all[m].key()[:3], "match")...))
			}
		}
	}
}

// routesFit refuses routes whose match fits no name that their in-basket takes.
func (l *loader) routesFit(all []workFolder) {
	for _, r := range l.c.Routes {
		for i := range all {
			f := &all[i]
			if r.Match != "" && f.taken() && f.entry.Definition.Role == connectors.RoleInbasket && slices.Contains(r.From, f.entry.Name) && apart(r.Match, f.Match) {
				l.refuse(true, CodeRoute, fmt.Sprintf("no form comes by this route from %q, which takes %s", f.entry.Name, f.Match), "let both fit the names of the forms", "routes", r.Name, "match")
			}
		}
	}
}

// collide tells whether two targets give files of one folder the same names.
func (l *loader) collide(f, o *workFolder) bool {
	if f.Use != "drop" || o.Use != "drop" || !f.same(o) {
		return false
	}
	names := func(f *workFolder) (all []string) {
		t, _ := l.c.Target(f.entry.Name)
		if t.File != nil {
			all = append(all, t.File.Name, t.File.Control)
		}
		if t.Batch != nil {
			all = append(all, t.Batch.Name, t.Batch.Control)
		}
		return slices.DeleteFunc(all, func(n string) bool { return n == "" })
	}
	theirs := names(o)
	return slices.ContainsFunc(names(f), func(n string) bool {
		return slices.ContainsFunc(theirs, func(t string) bool { return strings.EqualFold(n, t) })
	})
}

// returns says why a folder that files are taken out of, or that they are moved to then, must not be another one; once says that
// no other call compares the two.
func (f *workFolder) returns(o *workFolder, once bool) string {
	own := f.entry.Definition.Role == o.entry.Definition.Role && f.entry.Name == o.entry.Name
	switch {
	case f.taken() && o.taken() && (own || !once || f.Match != o.Match), !f.taken() && o.Use != "drop", f.Use == "drop", !f.same(o):
		return ""
	case f.taken() && o.taken():
		return fmt.Sprintf("%s and %s take the same files out of one folder: each would be taken by either", f.name(), o.name())
	case f.taken() && own:
		return fmt.Sprintf("%s moves files to the folder that it takes them out of", o.name())
	case f.taken() && o.Use == "drop":
		return fmt.Sprintf("%s puts files into the folder that %s takes files out of: they come in again", o.name(), f.name())
	case f.taken():
		return fmt.Sprintf("%s moves files to the folder that %s takes files out of: they come in again", o.name(), f.name())
	}
	return fmt.Sprintf("%s puts files into the %s folder of %s, among those that were taken", o.name(), f.Use, f.name())
}

// overlaps tells whether files may be taken out of a folder by either of two entries whose patterns differ.
func (f *workFolder) overlaps(o *workFolder) bool {
	return f.taken() && o.taken() && f.Match != o.Match && f.same(o) && !apart(f.Match, o.Match)
}

// apart tells whether surely no name fits two patterns: each alternative begins or ends otherwise. Case counts for nothing.
func apart(a, b string) bool {
	for _, x := range strings.Split(strings.ToLower(a), "|") {
		for _, y := range strings.Split(strings.ToLower(b), "|") {
			first, last := edges(x)
			begins, ends := edges(y)
			if (strings.HasPrefix(first, begins) || strings.HasPrefix(begins, first)) && (strings.HasSuffix(last, ends) || strings.HasSuffix(ends, last)) {
				return false
			}
		}
	}
	return true
}

// edges are what each name that fits a pattern begins and ends with.
func edges(pattern string) (first, last string) {
	pattern = strings.TrimSpace(pattern)
	const special = `*?[]\`
	if n := strings.IndexAny(pattern, special); n >= 0 {
		return pattern[:n], pattern[strings.LastIndexAny(pattern, special)+1:]
	}
	return pattern, pattern
}

// name is how messages call the entry.
func (f *workFolder) name() string {
	what := map[connectors.Role]string{connectors.RoleInbasket: "the in-basket", connectors.RoleTarget: "the target", connectors.RoleResults: "the source of results"}
	return fmt.Sprintf("%s %q", what[f.entry.Definition.Role], f.entry.Name)
}

// key is where the folder is configured.
func (f *workFolder) key() []any {
	at := []any{string(f.entry.Definition.Role), f.entry.Name, f.entry.Definition.Type}
	switch {
	case f.Use == "done":
		return append(at, "after", "move")
	case f.Use == "error":
		return append(at, "errors")
	case f.remote:
		return append(at, "dir")
	}
	return append(at, "path")
}

// same tells whether two folders are one, under whatever names: by links, or in another case where that does not count.
func (f *workFolder) same(o *workFolder) bool {
	switch {
	case f.remote || o.remote:
		return f.remote == o.remote && path.Clean(f.Path) == path.Clean(o.Path)
	case f.file != nil && o.file != nil:
		return os.SameFile(f.file, o.file)
	case f.file != nil || o.file != nil:
		return false
	case runtime.GOOS == "windows" || runtime.GOOS == "darwin":
		return strings.EqualFold(f.real, o.real)
	}
	return f.real == o.real
}

// answerTime is how long a folder has to answer: a share that hangs must not keep the agent from starting.
const answerTime = 2 * time.Second

// seeAll looks at folders, all at once; one that does not answer is known by its name only.
func seeAll(names []string) []seen {
	all := make([]seen, len(names))
	type look struct {
		n int
		seen
	}
	answers := make(chan look, len(names))
	for n, name := range names {
		all[n].real = filepath.Clean(name)
		go func() {
			file, _ := os.Stat(name) // what is not there is compared by its name
			answers <- look{n, seen{file, resolved(name)}}
		}()
	}
	over, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	for range names {
		select {
		case l := <-answers:
			all[l.n] = l.seen
		case <-over.Done():
			return all
		}
	}
	return all
}

// resolved follows the links of as much of a path as is there.
func resolved(name string) string {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	if up := filepath.Dir(name); up != name {
		return filepath.Join(resolved(up), filepath.Base(name))
	}
	return name
}

// workFolders lists the folders of in-baskets, targets and sources of results.
func (l *loader) workFolders() (all []workFolder) {
	l.c.Connectors(func(x Connector, _ string) {
		u, ok := x.Config.(connectors.Surrounded)
		if !ok {
			return
		}
		around := u.Surroundings(connectors.Env{Name: x.Name, Dir: l.c.Dir}, x.Definition.Type)
		add := func(list []connectors.WorkFolder, remote bool) {
			for _, w := range list {
				if w.Use != "forms" && w.Use != "done" && w.Use != "error" && w.Use != "drop" {
					continue
				}
				all = append(all, workFolder{WorkFolder: w, entry: x, remote: remote})
			}
		}
		add(around.Folders, false)
		add(around.Remote, true)
	})
	var names []string
	var at []int
	for n := range all {
		if !all[n].remote {
			names, at = append(names, all[n].Path), append(at, n)
		}
	}
	for n, s := range seeAll(names) {
		all[at[n]].seen = s
	}
	return all
}
