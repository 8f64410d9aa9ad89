package drop

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

// pieceState is what a look at both names of a file tells.
type pieceState uint8

const (
	nothing pieceState = iota // neither name is there
	staged                    // the temporary file is there, complete
	partial                   // the temporary file is there, but not as it was put there
	lost                      // neither name is there, and no rename of ours can have taken it away
	linked                    // both names are one file: the rename ended half-way
	placed                    // the temporary file is gone, and the final name holds our bytes
	taken                     // the final name holds what is not ours
	unread                    // the temporary file is gone; what the final name holds cannot be read
)

// placedPiece is a piece with what a look told of it; its temp is the one that lies there.
type placedPiece struct {
	piece
	pieceState
}

// lookAt looks at all pieces and refuses names that are not ours to use.
func (d *Drop) lookAt(ctx context.Context, wasStaged bool, pieces []piece) ([]placedPiece, error) {
	looked := make([]placedPiece, len(pieces))
	names := map[string]bool{}
	for i, p := range pieces {
		if names[p.Name] {
			return nil, &connectors.Error{Class: connectors.ItemError, Code: place.CodeName, Op: "put files in place",
				Hint: "two files of this delivery have one name: correct a name template of the target or the mapping"}
		}
		names[p.Name] = true
		if place.CheckName(p.Name) != nil {
			return nil, &connectors.Error{Class: connectors.ItemError, Code: place.CodeName, Op: "put a file in place",
				Hint: "correct the name template of the target"}
		}
		var err error
		if looked[i], err = d.look(ctx, p); err != nil {
			return nil, err
		}
		switch looked[i].pieceState {
		case nothing:
			if !wasStaged { // else the legacy system has taken it
				return nil, &connectors.Error{Class: connectors.Uncertain, Code: place.CodeNotStaged, Op: "put a file in place"}
			}
		case taken:
			return nil, &connectors.Error{Class: connectors.ItemError, Code: place.CodeNameTaken, Op: "put a file in place",
				Hint: "another file of that name lies there; move it away, then retry"}
		case unread:
			return nil, &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "put a file in place",
				Hint: "a file of that name lies there and cannot be read back"}
		}
	}
	return looked, nil
}

// look tells how a file stands. The temporary name is this delivery's alone, so that only our own rename takes it
// away: as long as it is there, what the final name holds is not ours, whatever its bytes.
func (d *Drop) look(ctx context.Context, p piece) (placedPiece, error) {
	waits, tempSize, err := d.there(ctx, p.temp)
	if err != nil {
		return placedPiece{}, err
	}
	final, size, err := d.there(ctx, p.Name)
	if err != nil {
		return placedPiece{}, err
	}
	if !waits {
		if p, waits, tempSize, err = d.earlier(ctx, p); err != nil {
			return placedPiece{}, err
		}
	}
	switch {
	case waits && final && d.oneFile(p):
		return placedPiece{p, linked}, nil
	case waits && final:
		return placedPiece{p, taken}, nil
	case waits:
		st, err := d.waiting(ctx, p, tempSize)
		if st == staged && err == nil {
			d.standing.add(p)
		}
		return placedPiece{p, st}, err
	case !final && d.standing.all(p):
		return placedPiece{p, lost}, nil
	case !final:
		return placedPiece{p, nothing}, nil
	}
	same, err := d.same(ctx, p.Name, p.File, size)
	switch {
	case err != nil && connectors.ClassOf(err) == connectors.Uncertain:
		return placedPiece{p, unread}, nil
	case same:
		return placedPiece{p, placed}, err
	}
	return placedPiece{p, taken}, err
}

// earlier looks for the temporary file under the names that it may have got before. As long as it lies under one of
// them, it was not put in place.
func (d *Drop) earlier(ctx context.Context, p piece) (_ piece, waits bool, size int64, err error) {
	for _, older := range d.temps.earlier(p) {
		if waits, size, err = d.there(ctx, older.temp); waits || err != nil {
			return older, waits, size, err
		}
	}
	return p, false, 0, nil
}

// waiting tells whether the temporary file is complete. One whose name others may have too must hold our bytes.
func (d *Drop) waiting(ctx context.Context, p piece, size int64) (pieceState, error) {
	if size != place.Unknown && size != p.Blob.Size {
		return partial, nil
	}
	if p.owned {
		return staged, nil
	}
	same, err := d.same(ctx, p.temp, p.File, size)
	if err != nil && connectors.ClassOf(err) != connectors.Uncertain {
		return partial, err
	}
	if same {
		return staged, nil
	}
	return partial, nil // another's, or unreadable: written again
}

// there tells whether a file is there, and its size.
func (d *Drop) there(ctx context.Context, name string) (bool, int64, error) {
	info, err := d.place.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, 0, nil
	}
	return err == nil, info.Size, err
}

func (d *Drop) oneFile(p piece) bool {
	l, ok := d.place.(place.Twin)
	return ok && l.OneFile(p.temp, p.Name)
}

// same compares what lies under a name with what should lie there.
func (d *Drop) same(ctx context.Context, name string, f connectors.File, size int64) (bool, error) {
	if size != place.Unknown && size != f.Blob.Size {
		return false, nil
	}
	want, err := place.DigestOf(f.Blob)
	if err != nil {
		return false, err
	}
	got, err := d.digest(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		err = place.AsClass(err, connectors.Transient) // fetched between the two looks
	}
	return err == nil && got == want, err
}

// digest reads a file back. An error of class Uncertain means that it is there and may not be read.
func (d *Drop) digest(ctx context.Context, name string) (sum connectors.Digest, err error) {
	sum, err = place.Digest(ctx, d.place, name)
	if errors.Is(err, fs.ErrPermission) {
		return sum, &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "read a file back", Err: err}
	}
	if err != nil {
		return sum, local.Fault("read a file back", err)
	}
	return sum, nil
}

// piece is one file of a delivery, with the name under which it is put there first. That name is this delivery's
// alone: two deliveries may want the same final name, and once the temporary file is gone, nobody but its own rename
// can have moved it.
type piece struct {
	connectors.File
	temp  string
	key   string // of the delivery, with the file's number
	owned bool   // no other delivery has this temporary name
}

// tempNames makes temporary names from a template.
type tempNames struct {
	template string
	patterns []*regexp.Regexp // of temporary names, around the final one
	before   []string         // templates by which files may have been staged before
}

// oldTemp was the default before temporary names held a key.
const oldTemp = ".{name}.inbasket-part"

// newTempNames makes names by a template. Files may also lie there under those by others: of an earlier version, or of
// before somebody set temp.
func newTempNames(template string, others ...string) tempNames {
	t := tempNames{template: template, patterns: []*regexp.Regexp{patternOf(template)}}
	for _, before := range others {
		if before != template {
			t.before = append(t.before, before)
			t.patterns = append(t.patterns, patternOf(before))
		}
	}
	return t
}

// piece names a file of the delivery or batch with that key; n tells it from the key's other files.
func (t tempNames) piece(key string, n int, f connectors.File) piece {
	p := piece{File: f, key: key + "/" + strconv.Itoa(n)}
	p.temp, p.owned = p.by(t.template)
	return p
}

// by makes the temporary name that a template gives, and tells whether no other delivery has it.
func (p piece) by(template string) (temp string, owned bool) {
	owned = strings.Contains(template, "{key}")
	word := ""
	if owned {
		sum := sha256.Sum256([]byte(p.key))
		word = "K" + base32.StdEncoding.EncodeToString(sum[:])[:7] // begins with a letter, as names on z/OS must
	}
	return strings.NewReplacer("{name}", p.Name, "{key}", word).Replace(template), owned
}

// earlier are the same file under the temporary names that it may have got before.
func (t tempNames) earlier(p piece) []piece {
	list := make([]piece, 0, len(t.before))
	for _, template := range t.before {
		p.temp, p.owned = p.by(template)
		list = append(list, p)
	}
	return list
}

// of returns the final name that a temporary one was made from.
func (t tempNames) of(full string) (string, bool) {
	for _, pattern := range t.patterns {
		if m := pattern.FindStringSubmatch(full); m != nil {
			return m[1], true
		}
	}
	return "", false
}

// patternOf recognises temporary names.
func patternOf(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.NewReplacer(regexp.QuoteMeta("{name}"), `(.+?)`, regexp.QuoteMeta("{key}"), `K[A-Z2-7]{7}`).Replace(regexp.QuoteMeta(template)) + "$")
}
