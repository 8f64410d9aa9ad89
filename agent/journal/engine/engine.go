// Package engine is what the journal asks of the database that keeps its rows: transactions over typed rows, and the upkeep of
// what it stores. The journal writes statements that every engine takes: placeholders are question marks, ON CONFLICT names its
// columns, and "/*by INDEX*/" behind a table names the index that an engine which cannot know better should go through.
// What only one database understands stands in its engine's package.
package engine

import (
	"context"
	"errors"
	"strings"
)

// ErrTooNew says that a newer program wrote what is stored.
var ErrTooNew = errors.New("a newer version of the agent wrote this journal")

// Session is one connection of an engine. It is used by one goroutine at a time.
type Session interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(sql string, args ...any) (int64, error)
	// Query calls each for every row; the row is valid during the call only.
	Query(sql string, args []any, each func(Row) error) error
	// Begin begins a transaction that writes. It ends by COMMIT or ROLLBACK, and SAVEPOINT may be used in it.
	Begin() error
	Close() error
}

// Row is one row of a result. Columns count from 0; NULL is the zero value of each type, and bytes are the caller's own.
type Row interface {
	Int(column int) int64
	Text(column int) string
	Bytes(column int) []byte
}

// Kind is what an error means to who keeps a journal.
type Kind int

// The kinds of errors.
const (
	Other   Kind = iota // not the engine's, or the end of one statement only
	Broken              // the disk or the connection failed; the transaction is over
	Full                // no space is left
	Damaged             // what is stored is damaged
)

// Engine is a database that keeps a journal.
type Engine interface {
	Store
	Schema
	Keeper
	Archive
}

// Store opens connections.
type Store interface {
	// Writer opens the one connection that writes.
	Writer() (*Conn, error)
	// Reader opens a connection that reads.
	Reader() (*Conn, error)
	// Kind tells what an error means.
	Kind(err error) Kind
	// Size is what the journal takes on disk, in bytes.
	Size() (int64, error)
}

// Schema is the tables by their versions.
type Schema interface {
	// Version is that of the tables that are there; 0: none.
	Version(c *Conn) (int64, error)
	// Newest is the version that Migrate makes.
	Newest() int64
	// Migrate brings the tables to the newest version, all in one transaction.
	Migrate(c *Conn) error
}

// Keeper is the upkeep of what is stored.
type Keeper interface {
	// Trim is called after each commit and keeps what the engine stores beside its tables small.
	Trim(c *Conn) error
	// Flush empties that; false says that a reader is in the way.
	Flush(c *Conn) (done bool, err error)
	// Damage reads what is stored and tells what is wrong with it, at most so many things; full reads every index as well.
	Damage(ctx context.Context, c *Conn, full bool, most int) ([]string, error)
	// SpaceToCompact is how much free space Compact takes, in bytes.
	SpaceToCompact(c *Conn) (int64, error)
	// Compact gives back what is unused.
	Compact(c *Conn) error
}

// Archive is what is copied, and what is to be gone for good.
type Archive interface {
	// Copy writes a consistent copy to a file that does not exist. Writers go on meanwhile; after an error nothing is left there.
	Copy(ctx context.Context, path string) error
	// Contents calls each for every digest of the content store that something refers to, once and in order.
	Contents(c *Conn, each func(digest []byte) error) error
	// Remains finds where something may be left of what was deleted, from a place on; next is where to go on, 0 at the end.
	Remains(c *Conn, from int64) (places []int64, next int64, err error)
	// Overwrite removes what is left there, within a transaction.
	Overwrite(c *Conn, places []int64) error
}

// Word is an argument that stands for a text which many rows share: its column holds the text's number. A field of a row that is
// tagged col:"word" is read out of such a column, and one tagged col:"words" out of one whose text is a list.
type Word string

// Words knows the numbers of such texts.
type Words interface {
	Text(c *Conn, n int64) string
	Number(c *Conn, text string) (int64, error)
}

// Separator joins the texts of a list; no name holds it.
const Separator = "\x1f"

// Conn is a session with what every engine has in common.
type Conn struct {
	Session
	Words            Words
	Statements, Rows int64 // run and read so far
	inserts          map[insertKey]string
}

// Exec runs a statement and returns how many rows it changed.
func (c *Conn) Exec(sql string, args ...any) (int64, error) {
	if err := c.number(args); err != nil {
		return 0, err
	}
	return c.Session.Exec(sql, args...)
}

// number puts the numbers of words in their place.
func (c *Conn) number(args []any) (err error) {
	for n, a := range args {
		if w, ok := a.(Word); ok {
			if args[n], err = c.Words.Number(c, string(w)); err != nil {
				return err
			}
		}
	}
	return nil
}

type insertKey struct {
	into string
	rows int
}

// NewConn makes a connection of a session.
func NewConn(s Session) *Conn { return &Conn{Session: s, inserts: map[insertKey]string{}} }

// Insert writes rows by as few statements as possible; into is TABLE(COLUMN, ...).
func (c *Conn) Insert(into string, args []any) error {
	_, err := c.insert(into, "", args)
	return err
}

// InsertNew is Insert without the rows of which a unique key is there already. It returns how many were written.
func (c *Conn) InsertNew(into string, args []any) (int64, error) {
	return c.insert(into, " ON CONFLICT DO NOTHING", args)
}

func (c *Conn) insert(into, conflict string, args []any) (total int64, err error) {
	width := strings.Count(into, ",") + 1
	for _, rows := range [...]int{64, 16, 4, 1} {
		for len(args) >= rows*width {
			key := insertKey{into + conflict, rows}
			sql, ok := c.inserts[key]
			if !ok {
				sql = "INSERT INTO " + into + " VALUES " + Placeholders(rows, width) + conflict
				c.inserts[key] = sql
			}
			n, err := c.Exec(sql, args[:rows*width]...)
			if err != nil {
				return total, err
			}
			total += n
			args = args[rows*width:]
		}
	}
	return total, nil
}

// Placeholders returns those of rows of a width: (?,?),(?,?).
func Placeholders(rows, width int) string {
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	return strings.Repeat(row+",", rows-1) + row
}
