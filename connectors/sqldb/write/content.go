package write

import (
	"errors"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// maxTogether is the most content of children that are replaced: they go in one piece.
const maxTogether = 2 * dialect.MaxBlob

// contentOf is how many bytes of content a record has, all of which drivers want in memory.
func contentOf(r *connectors.Record) (n int64) {
	for i := range r.Values {
		if b := r.Values[i].Blob; b != nil {
			n += b.Size
		}
	}
	return n
}

// portions cuts parts so that none but that of a single record has more content than a column takes, and tells how much each has.
func portions(shape *connectors.Shape, parts []part) (cut [][]part, sizes []int64, err error) {
	start, size := 0, int64(0)
	for i, p := range parts {
		n := contentOf(p.record)
		switch {
		case shape.Op != connectors.ReplaceChildren && size > 0 && size+n > dialect.MaxBlob:
			cut, sizes = append(cut, parts[start:i]), append(sizes, size)
			start, size = i, 0
		case shape.Op == connectors.ReplaceChildren && size+n > maxTogether:
			return nil, nil, &dialect.Culprit{Item: single(parts), Code: dialect.CodeTooLarge, Op: "write to " + shape.Object, Err: errors.New("children that are replaced together have too much content")}
		}
		size += n
	}
	return append(cut, parts[start:]), append(sizes, size), nil
}
