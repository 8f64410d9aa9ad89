package ftp

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// stat tells the size of a file, or that it is not there. That is believed only where the server has shown that it
// would know: SIZE told another size on this connection, or neither a listing nor RNFR knows the file.
func (c *session) stat(w string) (int64, error) {
	size, err := c.FileSize(w)
	switch {
	case err == nil:
		c.sizes = true
		return size, nil
	case !answered(err):
		return 0, fault("ask for a file's size", err)
	case c.sizes && replyCode(err) == replyUnavailable:
		return 0, c.absent(err)
	}
	if _, known := c.features["MLST"]; known {
		e, found, err := c.facts(w)
		if err != nil || found {
			return e.bytes(), err
		}
	}
	e, found, shown, err := c.find(w)
	if err != nil || found {
		return e.bytes(), err
	}
	_, name := place.Split(w)
	known, err := c.renamable(w, shown && !hidden(name))
	switch {
	case err != nil:
		return 0, err
	case known:
		return place.Unknown, nil
	}
	return 0, c.absent(fs.ErrNotExist)
}

// info tells size and time: by MLST where the server knows it, for SIZE tells no time.
func (c *session) info(w string) (place.Info, error) {
	if _, known := c.features["MLST"]; known {
		if e, found, err := c.facts(w); err != nil || found {
			return e.info(), err
		}
	}
	size, err := c.stat(w)
	info := place.Info{Size: size}
	if size == -1 {
		info.Kind = place.Folder
	}
	return info, err
}

// info is what an entry of a listing tells.
func (e entry) info() place.Info {
	info := place.Info{Name: e.name, Size: e.bytes()}
	if e.dir {
		info.Kind = place.Folder
	}
	if e.link {
		info.Kind = place.Special
	}
	if !e.at.IsZero() {
		info.Mtime = e.at.UnixNano()
	}
	return info
}

// bytes is the size of a file; what is none has a size that no file has.
func (e entry) bytes() int64 {
	if e.dir {
		return -1
	}
	return e.size
}

// absent says that a file is not there, once the folder was seen: a folder that is gone must not look emptied.
func (c *session) absent(why error) error {
	if err := c.proveFolder(); err != nil {
		return err
	}
	return &connectors.Error{Class: connectors.Transient, Code: place.CodeNotStaged, Op: "look for a file", Err: errors.Join(fs.ErrNotExist, why)}
}

// proveFolder sees that the folder is there.
func (c *session) proveFolder() error {
	if c.home != "" {
		if err := c.ChangeDir(c.home); err != nil {
			return dirFault(err)
		}
		return nil
	}
	if _, err := c.names(""); err != nil {
		return dirFault(err)
	}
	return nil
}

// facts asks for one file by MLST.
func (c *session) facts(w string) (e entry, found bool, err error) {
	r, err := c.ask("MLST %s", w)
	if err != nil {
		return e, false, fault("ask for a file's facts", err)
	}
	if r.class() != completed {
		return e, false, nil // not there, or not allowed: the listing tells
	}
	_, name := place.Split(w)
	for line := range strings.SplitSeq(r.text, "\n") {
		if e, ok := parseFacts(line); ok && named(e.name, name) {
			return e, true, nil
		}
	}
	return e, false, nil
}

// find looks for a file in the listings of its folder: with sizes, then of names alone. Shown tells whether one of them
// would have shown it.
func (c *session) find(w string) (e entry, found, shown bool, err error) {
	folder, name := place.Split(w)
	list, rest, err := c.entries(folder)
	if err != nil && !answered(err) {
		return e, false, false, fault("list the folder", err)
	}
	for _, e := range list {
		if named(e.name, name) {
			return e, true, true, nil
		}
	}
	e = entry{name: name, size: place.Unknown}
	for _, line := range rest {
		if strings.HasSuffix(line, " "+name) {
			return e, true, true, nil
		}
	}
	shown = err == nil && len(rest) == 0
	names, err := c.names(folder)
	if err != nil && !answered(err) {
		return e, false, false, fault("list the folder", err)
	}
	for _, n := range names {
		if named(n, name) {
			return e, true, true, nil
		}
	}
	return e, false, shown || err == nil, nil
}

// everything lists a folder. Of lines that are not understood it tells the names at least.
func (c *session) everything(folder string) ([]entry, error) {
	list, rest, err := c.entries(folder)
	if err != nil || len(rest) == 0 {
		return list, err
	}
	names, err := c.names(folder)
	for _, n := range names {
		if !slices.ContainsFunc(list, func(e entry) bool { return named(n, e.name) }) {
			list = append(list, entry{name: n[strings.LastIndexAny(n, "/\\")+1:], size: place.Unknown})
		}
	}
	return list, err
}

// in lists a folder by f from within: many servers take what follows LIST for an option or a pattern. Only one that does not
// tell where its own folder is gets the name.
func (c *session) in(folder string, f func(suffix string) error) error {
	switch {
	case folder == "":
		return f("")
	case c.home == "":
		return f(" " + folder)
	}
	if err := c.ChangeDir(folder); err != nil {
		if answered(err) {
			err = errors.Join(fs.ErrNotExist, err)
		}
		return err
	}
	err := f("")
	if back := c.ChangeDir(c.home); back != nil {
		c.abort() // it would be asked about files of the other folder
		err = errors.Join(err, back)
	}
	return err
}

// strangeName is a name that no server has.
const strangeName = "INBXNONE"

// renamable asks by RNFR for a file that no listing shows. A server that takes every name there tells nothing: then
// the listing is the last word, if it would have shown the file.
func (c *session) renamable(w string, shown bool) (bool, error) {
	err := c.renameFrom(w)
	if err != nil && !answered(err) {
		return false, fault("look for a file", err)
	}
	if err != nil {
		return false, nil
	}
	err = c.renameFrom(strangeName)
	switch {
	case err != nil && !answered(err):
		return false, fault("look for a file", err)
	case err != nil:
		return true, nil
	case shown:
		return false, nil
	}
	return false, &connectors.Error{Class: connectors.TargetError, Code: CodeRefused, Op: "look for a file",
		Hint: "the server does not tell whether a file is there: let the user list the folder, and choose a temp that does not begin with a dot"}
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// entries lists the folder, hidden files included where the server knows how, and returns the lines that are not
// understood.
func (c *session) entries(folder string) (list []entry, rest []string, err error) {
	each := func(parse func(string) (entry, bool)) func(string) {
		return func(line string) {
			if e, ok := parse(line); ok {
				if e.name != "." && e.name != ".." {
					list = append(list, e)
				}
			} else if strings.TrimSpace(line) != "" {
				rest = append(rest, line)
			}
		}
	}
	err = c.in(folder, func(suffix string) error {
		if _, known := c.features["MLST"]; known {
			err := c.lines("MLSD"+suffix, each(parseFacts))
			if err == nil || !answered(err) {
				return err
			}
		}
		for _, command := range []string{"LIST -a", "LIST"} {
			list, rest = nil, nil
			if err = emptied(c.lines(command+suffix, each(parseLine))); err != nil && !answered(err) || len(list) > 0 {
				break
			}
		}
		return err
	})
	return list, rest, err
}

// names lists the folder by names alone.
func (c *session) names(folder string) (names []string, err error) {
	err = c.in(folder, func(suffix string) error {
		return emptied(c.lines("NLST"+suffix, func(line string) { names = append(names, strings.TrimSpace(line)) }))
	})
	return names, err
}

// emptied takes the refusals by which servers say that there is nothing to list. Whether they mean that, or refuse
// the listing, RNFR tells.
func emptied(err error) error {
	switch replyCode(err) {
	case replyUnavailable, replyFileBusy:
		return nil
	}
	return err
}
