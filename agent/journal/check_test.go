package journal

import (
	"database/sql/driver"
	"fmt"
)

// check holds the journal against what must always be true of it.
func (r *rig) check() {
	r.Helper()
	r.must(r.Journal.Check(r.ctx()))
	r.must(r.read(r.ctx(), func(c *conn) error {
		for _, q := range []struct{ what, sql string }{
			{"tally of submissions", `SELECT route, state, count(*) FROM submission GROUP BY 1, 2
				EXCEPT SELECT a, b, n FROM tally WHERE kind=1`},
			{"tally of submissions that are not there", `SELECT a, b, n FROM tally WHERE kind=1 AND n<>0
				EXCEPT SELECT route, state, count(*) FROM submission GROUP BY 1, 2`},
			{"tally of deliveries", `SELECT target, state, count(*) FROM delivery GROUP BY 1, 2
				EXCEPT SELECT a, b, n FROM tally WHERE kind=2`},
			{"tally of deliveries that are not there", `SELECT a, b, n FROM tally WHERE kind=2 AND n<>0
				EXCEPT SELECT target, state, count(*) FROM delivery GROUP BY 1, 2`},
			{"tally of orphans", `SELECT count(*) FROM result WHERE sub IS NULL AND park IS NULL
				EXCEPT SELECT coalesce((SELECT n FROM tally WHERE kind=3), 0)`},
			{"submission without a form", `SELECT id FROM submission EXCEPT SELECT id FROM form`},
			{"delivered with something left", `SELECT s.id FROM submission s JOIN delivery d ON d.sub=s.id
				WHERE s.state=2 AND s.flags&32=0 AND (d.state<10 OR d.state=13)`},
			{"accepted with nothing left", `SELECT s.id FROM submission s WHERE s.state=1
				AND NOT EXISTS(SELECT 1 FROM delivery d WHERE d.sub=s.id AND d.state<10)`},
			{"accepted with a parked delivery", `SELECT s.id FROM submission s JOIN delivery d ON d.sub=s.id WHERE s.state=1 AND d.state=13`},
			{"parked without a cause", `SELECT s.id FROM submission s WHERE s.state=6 AND s.flags&1=0
				AND NOT EXISTS(SELECT 1 FROM delivery d WHERE d.sub=s.id AND d.state=13)`},
			{"rejected with an open delivery", `SELECT s.id FROM submission s JOIN delivery d ON d.sub=s.id WHERE s.state=5 AND d.state<10`},
			{"acceptance told twice or never", `SELECT s.id FROM submission s WHERE s.office<>0
				AND (SELECT count(*) FROM event e WHERE e.sub=s.id AND e.type=1)<>1`},
			{"delivery told twice", `SELECT sub FROM event WHERE type=2 GROUP BY sub HAVING count(*)>1`},
			{"batched without a batch", `SELECT sub FROM delivery WHERE state=4 AND batch=0`},
		} {
			err := c.query(q.sql, nil, func(row []driver.Value) error { return fmt.Errorf("%s: %v", q.what, row) })
			if err != nil {
				return err
			}
		}
		return nil
	}))
}
