package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/results"
)

// between calls out before a transaction writes its marks for good.
type between struct {
	dialect.Session
	call func()
}

func (b *between) Run(ctx context.Context, stmts []dialect.Statement, begin, commit bool) ([]dialect.Result, error) {
	marks := slices.ContainsFunc(stmts, func(st dialect.Statement) bool { return strings.HasPrefix(st.SQL, "UPDATE DECISION") })
	if !begin && marks && b.call != nil {
		call := b.call
		b.call = nil
		call()
	}
	return b.Session.Run(ctx, stmts, begin, commit)
}

func decisions(t *testing.T, tg *Target, q connectors.Question) connectors.ResultSource {
	t.Helper()
	q.ID = []string{"ID"}
	if q.Query == "" {
		q.Query = "SELECT ID, STATUS, REASON, PDF FROM DECISION WHERE SENT IS NULL ORDER BY ID"
	}
	if q.Mark == "" {
		q.Mark = "UPDATE DECISION SET SENT = 'x' WHERE ID = :ID"
	}
	q.Binary, q.Reads = []string{"PDF"}, []string{"STATUS", "REASON", "PDF"}
	src, err := tg.Answers(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// ask polls once, and returns what came as "ID STATUS".
func ask(t *testing.T, src connectors.ResultSource, most int) (got []string) {
	t.Helper()
	list, err := src.(*results.Answers).Poll(context.Background(), most)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		got = append(got, r.Handle+" "+r.Fields["STATUS"].Str)
	}
	return got
}

func settle(t *testing.T, src connectors.ResultSource, v connectors.Verdict, handles ...string) {
	t.Helper()
	var receipts []connectors.Receipt
	for _, h := range handles {
		receipts = append(receipts, connectors.Receipt{Handle: h, Verdict: v})
	}
	for range 10 { // what the agent does
		err := src.Settle(context.Background(), receipts)
		if err == nil {
			return
		}
		if connectors.ClassOf(err) != connectors.Transient {
			t.Fatal(err)
		}
	}
	t.Fatal("it never settles")
}

// runs tells whether a MariaDB server is at work on a statement that begins so.
func runs(t *testing.T, tg *Target, begin string) (found bool) {
	t.Helper()
	err := tg.Use(context.Background(), func(s dialect.Session) error {
		res, err := s.Run(context.Background(), []dialect.Statement{{SQL: "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE ?", Args: []any{begin + "%"}, Rows: true, Item: -1}}, false, false)
		found = err == nil && len(res[0].Rows) > 0
		return err
	})
	if err != nil {
		t.Error(err)
		return true
	}
	return found
}

// testCorrections corrects a row between the query and the mark, and in the middle of marking: it is never marked
// as fetched without having been read.
func testCorrections(t *testing.T, e engine) {
	for _, c := range []struct{ name, set, want string }{
		{"status", "STATUS = 'R'", "1 R"}, {"reason", "REASON = 'because'", "1 A"},
		{"document of the same size", "PDF = " + e.hex("255044460002"), "1 A"},
	} {
		for _, middle := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, middle), func(t *testing.T) {
				tg := e.open(t, nil)
				exec(t, tg, "DELETE FROM DECISION", "INSERT INTO DECISION (ID, STATUS, PDF) VALUES (1, 'A', "+e.hex("255044460001")+")", "INSERT INTO DECISION (ID, STATUS) VALUES (2, 'A')")
				src := decisions(t, tg, connectors.Question{})
				same(t, ask(t, src, 10), "1 A", "2 A")
				done := make(chan error, 1)
				correct := func() { // the office's own program, which has its row fetched again
					s, err := tg.Sys.Connect(context.Background())
					if err == nil {
						_, err = s.Run(context.Background(), []dialect.Statement{{SQL: "UPDATE DECISION SET SENT = NULL, " + c.set + " WHERE ID = 1", Item: -1}}, false, false)
						s.Close()
					}
					done <- err
				}
				if !middle {
					correct()
				} else {
					connect := tg.Sys.Connect
					tg.Pool.Drop(false)
					tg.Sys.Connect = func(ctx context.Context) (dialect.Session, error) {
						tg.Sys.Connect = connect
						s, err := connect(ctx)
						return &between{s, func() {
							ended := make(chan struct{})
							go func() { correct(); close(ended) }()
							if tg.Sys.Steady != "" { // nobody is kept waiting
								<-ended
							}
							for seen := 0; tg.Sys.Anew != "" && seen < 5; { // until it is kept waiting, or has come through
								select {
								case <-ended:
									return
								default:
								}
								if runs(t, tg, "UPDATE DECISION SET SENT = NULL") {
									seen++
								}
							}
						}}, err
					}
				}
				settle(t, src, connectors.Taken, "1", "2")
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				same(t, ask(t, src, 10), c.want)
				settle(t, src, connectors.Taken, "1")
				same(t, ask(t, src, 10))
				exec(t, tg, "UPDATE DECISION SET SENT = NULL") // as the office wants it: a repeat
				same(t, ask(t, src, 10), c.want, "2 A")
			})
		}
	}
}

// testMarks keeps a mark from hiding what was not read, and tells of one that hides nothing.
func testMarks(t *testing.T, e engine) {
	tg := e.open(t, nil)
	var notices []string
	tg.Env.Notify = func(n connectors.Notice) { notices = append(notices, n.Code+" "+n.Text) }
	exec(t, tg, "INSERT INTO DECISION (ID, STATUS, REASON) VALUES (1, 'A', 'c')")
	src := decisions(t, tg, connectors.Question{Mark: "UPDATE DECISION SET SENT = 'x' WHERE REASON = :REASON"})
	same(t, ask(t, src, 10), "1 A")
	exec(t, tg, "INSERT INTO DECISION (ID, STATUS, REASON) VALUES (2, 'R', 'c')") // a second decision of the same case
	settle(t, src, connectors.Taken, "1")
	same(t, query(t, tg, "SELECT COUNT(*) FROM DECISION WHERE SENT IS NULL"), "2")
	same(t, ask(t, src, 10), "1 A", "2 R")
	settle(t, src, connectors.Taken, "1", "2")
	same(t, query(t, tg, "SELECT COUNT(*) FROM DECISION WHERE SENT IS NULL"), "0")
	if len(notices) != 1 || !strings.HasPrefix(notices[0], dialect.CodeMark+" answer.mark would hide 1 rows") {
		t.Errorf("%q", notices)
	}
	exec(t, tg, "UPDATE DECISION SET SENT = NULL")
	src = decisions(t, tg, connectors.Question{Mark: "UPDATE DECISION SET SENT = 'x' WHERE ID = :ID AND STATUS = 'nothing'"})
	for range 3 {
		if got := ask(t, src, 10); len(got) > 0 {
			settle(t, src, connectors.Taken, "1", "2")
		}
	}
	if len(notices) != 2 || !strings.Contains(notices[1], "leaves rows") {
		t.Errorf("%q", notices)
	}
	// A query that cannot be asked within another one is asked as it is.
	src = decisions(t, tg, connectors.Question{Query: "SELECT ID, STATUS, REASON, PDF, ID FROM DECISION WHERE SENT IS NULL -- all"})
	same(t, ask(t, src, 10), "1 A", "2 R")
	settle(t, src, connectors.Taken, "1", "2")
	same(t, query(t, tg, "SELECT COUNT(*) FROM DECISION WHERE SENT IS NULL"), "0")
	if e.typ != "mariadb" {
		return
	}
	// A procedure that commits by itself marks as well, though nothing can be taken back then.
	exec(t, tg, "UPDATE DECISION SET SENT = NULL", "CREATE PROCEDURE MARK_SENT(p INTEGER) BEGIN UPDATE DECISION SET SENT = 'x' WHERE ID = p; COMMIT; END")
	src = decisions(t, tg, connectors.Question{Mark: "CALL MARK_SENT(:ID)"})
	same(t, ask(t, src, 10), "1 A", "2 R")
	settle(t, src, connectors.Taken, "1", "2")
	same(t, query(t, tg, "SELECT COUNT(*) FROM DECISION WHERE SENT IS NULL"), "0")
}

// testResultsWait lets rows that are released again and again pass over polls, so that others get their turn, and
// tells of rows that cannot be told apart or are too large.
func testResultsWait(t *testing.T, e engine) {
	tg := e.open(t, nil)
	exec(t, tg, "INSERT INTO DECISION (ID, STATUS) VALUES (1, 'A')", "INSERT INTO DECISION (ID, STATUS) VALUES (2, 'A')", "INSERT INTO DECISION (ID, STATUS) VALUES (3, 'A')")
	src := decisions(t, tg, connectors.Question{})
	turns := map[string]int{}
	for range 8 {
		for _, r := range ask(t, src, 2) {
			turns[r]++
			settle(t, src, connectors.Released, r[:1])
		}
	}
	if turns["3 A"] == 0 || turns["1 A"] < 2 {
		t.Errorf("%v", turns)
	}
	settle(t, src, connectors.Released, "1", "2", "3")
	var notices []string
	tg.Env.Notify = func(n connectors.Notice) { notices = append(notices, n.Code) }
	nameless := decisions(t, tg, connectors.Question{Query: "SELECT NULLIF(ID, 2) AS ID, STATUS, REASON, PDF FROM DECISION WHERE SENT IS NULL ORDER BY 1", Mark: "UPDATE DECISION SET SENT = 'x' WHERE ID = :ID"})
	same(t, ask(t, nameless, 10), "1 A", "3 A")
	settle(t, nameless, connectors.Taken, "1", "3")
	same(t, ask(t, nameless, 10))
	same(t, notices, dialect.CodeQuery)
	same(t, query(t, tg, "SELECT ID FROM DECISION WHERE SENT IS NULL"), "2")
	exec(t, tg, "UPDATE DECISION SET SENT = NULL")
	twice := decisions(t, tg, connectors.Question{Query: "SELECT ID, STATUS, REASON, PDF FROM DECISION UNION ALL SELECT ID, 'R', REASON, PDF FROM DECISION WHERE ID = 2"})
	list, err := twice.(*results.Answers).Poll(context.Background(), 2)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	for _, r := range list {
		var told *connectors.Error
		if told, _ = r.Trouble.(*connectors.Error); (told != nil) != (r.ID == "2") || told != nil && told.Code != dialect.CodeTwice {
			t.Errorf("%s: %v", r.ID, r.Trouble)
		}
	}
}

// TestHeldUp has nothing but rows that wait in a query that gives a part only: that no other decision comes is told, and not before it is so.
func TestHeldUp(t *testing.T) {
	held := "each of them waits"
	for name, c := range map[string]struct {
		rows  string
		limit int
		want  bool
	}{
		"two of one ID":             {"(1,'A'), (1,'R'), (2,'A')", 2, true},
		"without an ID":             {"(NULL,'A'), (NULL,'A'), (2,'A')", 2, true},
		"there is place for others": {"(1,'A'), (1,'R')", 3, false},
		"others come":               {"(1,'A'), (1,'R'), (2,'A')", 3, false},
		"no limit":                  {"(1,'A'), (1,'R')", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			tg := engine{"sqlite", dialect.Config{Path: emptyFile(t, "held.db")}, nil}.open(t, nil)
			var told string
			tg.Env.Notify = func(n connectors.Notice) { told = n.Code + " " + n.Text }
			exec(t, tg, "CREATE TABLE DECISION (ID integer, STATUS text, REASON text, PDF blob, SENT text)", "INSERT INTO DECISION (ID, STATUS) VALUES "+c.rows)
			q := connectors.Question{Query: "SELECT ID, STATUS, REASON, PDF FROM DECISION WHERE SENT IS NULL ORDER BY ID"}
			if c.limit > 0 {
				q.Query += fmt.Sprintf(" LIMIT %d", c.limit)
			}
			src := decisions(t, tg, q)
			for range 8 {
				list, err := src.(*results.Answers).Poll(t.Context(), 10)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range list {
					verdict := connectors.Taken
					if r.Trouble != nil {
						verdict = connectors.Released
					}
					settle(t, src, verdict, r.Handle)
				}
			}
			if got := strings.HasPrefix(told, dialect.CodeQuery) && strings.Contains(told, held); got != c.want {
				t.Errorf("told: %q", told)
			}
		})
	}
}
