package journal

import (
	"context"
	"database/sql/driver"

	"github.com/inbasket/inbasket/connectors"
)

// Payload is what a citizen wrote, as it came.
type Payload struct {
	ContentType string
	Body        []byte            // nil: it lies in the content store
	Digest      connectors.Digest // where Body is nil
	Attachments []File
}

// Payload returns what a citizen wrote. Who asks for it is to be on record.
func (j *Journal) Payload(ctx context.Context, id ID) (p Payload, err error) {
	err = j.read(ctx, func(c *conn) error {
		found, err := c.one("SELECT s.ctype, s.files, f.body, f.digest FROM submission s JOIN form f ON f.id=s.id WHERE s.id=?", []any{id}, func(row []driver.Value) (err error) {
			p = Payload{ContentType: text(row[0])}
			if p.ContentType == "" {
				p.ContentType = usualType
			}
			if digest := bytesOf(row[3]); digest != nil {
				p.Digest = connectors.Digest(digest)
			} else {
				p.Body = append([]byte{}, bytesOf(row[2])...)
			}
			p.Attachments, err = decodeFiles(text(row[1]))
			return err
		})
		if err == nil && !found {
			err = j.missing(c, id)
		}
		return err
	})
	return p, err
}
