package files

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// stat tells the size of a file, or that it is not there. That is believed only where the server has shown that it
// would know: SIZE told another size on this connection, or neither a listing nor RNFR knows the file.
func (c *ftpConn) stat(w string) (int64, error) {
	size, err := c.FileSize(w)
	switch {
	case err == nil:
		c.sizes = true
		return size, nil
	case !answered(err):
		return 0, ftpFault("ask for a file's size", err)
	case c.sizes && replyCode(err) == ftpUnavailable:
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
	known, err := c.renamable(w, shown && !hidden(w))
	switch {
	case err != nil:
		return 0, err
	case known:
		return unknownSize, nil
	}
	return 0, c.absent(fs.ErrNotExist)
}

// bytes is the size of a file; what is none has a size that no file has.
func (e entry) bytes() int64 {
	if e.dir {
		return -1
	}
	return e.size
}

// absent says that a file is not there, once the folder was seen: a folder that is gone must not look emptied.
func (c *ftpConn) absent(why error) error {
	if err := c.proveFolder(); err != nil {
		return err
	}
	return &connectors.Error{Class: connectors.Transient, Code: CodeNotStaged, Op: "look for a file", Err: errors.Join(fs.ErrNotExist, why)}
}

// proveFolder sees that the folder is there.
func (c *ftpConn) proveFolder() error {
	if c.home != "" {
		if err := c.ChangeDir(c.home); err != nil {
			return dirFault(err)
		}
		return nil
	}
	if _, err := c.names(); err != nil {
		return dirFault(err)
	}
	return nil
}

// facts asks for one file by MLST.
func (c *ftpConn) facts(w string) (e entry, found bool, err error) {
	r, err := c.ask("MLST %s", w)
	if err != nil {
		return e, false, ftpFault("ask for a file's facts", err)
	}
	if r.class() != completed {
		return e, false, nil // not there, or not allowed: the listing tells
	}
	for line := range strings.SplitSeq(r.text, "\n") {
		if e, ok := parseFacts(line); ok && named(e.name, w) {
			return e, true, nil
		}
	}
	return e, false, nil
}

// find looks for a file in the listings: with sizes, then of names alone. Shown tells whether one of them would have
// shown it.
func (c *ftpConn) find(w string) (e entry, found, shown bool, err error) {
	list, rest, err := c.entries()
	if err != nil && !answered(err) {
		return e, false, false, ftpFault("list the folder", err)
	}
	for _, e := range list {
		if named(e.name, w) {
			return e, true, true, nil
		}
	}
	e = entry{name: w, size: unknownSize}
	for _, line := range rest {
		if strings.HasSuffix(line, " "+w) {
			return e, true, true, nil
		}
	}
	shown = err == nil && len(rest) == 0
	names, err := c.names()
	if err != nil && !answered(err) {
		return e, false, false, ftpFault("list the folder", err)
	}
	for _, n := range names {
		if named(n, w) {
			return e, true, true, nil
		}
	}
	return e, false, shown || err == nil, nil
}

// strangeName is a name that no server has.
const strangeName = "INBXNONE"

// renamable asks by RNFR for a file that no listing shows. A server that takes every name there tells nothing: then
// the listing is the last word, if it would have shown the file.
func (c *ftpConn) renamable(w string, shown bool) (bool, error) {
	err := c.renameFrom(w)
	if err != nil && !answered(err) {
		return false, ftpFault("look for a file", err)
	}
	if err != nil {
		return false, nil
	}
	err = c.renameFrom(strangeName)
	switch {
	case err != nil && !answered(err):
		return false, ftpFault("look for a file", err)
	case err != nil:
		return true, nil
	case shown:
		return false, nil
	}
	return false, &connectors.Error{Class: connectors.TargetError, Code: CodeFTPRefused, Op: "look for a file",
		Hint: "the server does not tell whether a file is there: let the user list the folder, and choose a temp that does not begin with a dot"}
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// entries lists the folder, hidden files included where the server knows how, and returns the lines that are not
// understood.
func (c *ftpConn) entries() (list []entry, rest []string, err error) {
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
	if _, known := c.features["MLST"]; known {
		err = c.lines("MLSD", each(parseFacts))
		if err == nil || !answered(err) {
			return list, rest, err
		}
	}
	for _, command := range []string{"LIST -a", "LIST"} {
		list, rest = nil, nil
		if err = emptied(c.lines(command, each(parseLine))); err != nil && !answered(err) || len(list) > 0 {
			return list, rest, err
		}
	}
	return list, rest, err
}

// names lists the folder by names alone.
func (c *ftpConn) names() (names []string, err error) {
	err = emptied(c.lines("NLST", func(line string) { names = append(names, strings.TrimSpace(line)) }))
	return names, err
}

// emptied takes the refusals by which servers say that there is nothing to list. Whether they mean that, or refuse
// the listing, RNFR tells.
func emptied(err error) error {
	switch replyCode(err) {
	case ftpUnavailable, ftpFileBusy:
		return nil
	}
	return err
}
