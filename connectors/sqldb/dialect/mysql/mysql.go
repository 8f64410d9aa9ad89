package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Dialect is that of MariaDB, or else of MySQL.
func Dialect(maria bool) dialect.Dialect {
	d := dialect.Dialect{
		Name: "mysql", Summary: "MySQL 8 or later.", Parallel: 2, Port: 3306, Greet: greetMariaDB, Login: login, Grantee: grantee,
		Open: func(e connectors.Env, c dialect.Config, zone *time.Location) (dialect.Link, error) {
			return open(e, c, zone, maria)
		},
		Inspector: inspector(), Digest: "varchar(64)",
		MaxBinds: 60000, MaxRows: 128, Returns: maria, Quote: quoteBack, Bind: dialect.QuestionMark, Anew: "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", Differs: differs,
		Write: write, Table: table, Routine: routine, Fence: [2]string{"SAVEPOINT ib_call", "RELEASE SAVEPOINT ib_call"}, Lock: lock, Unlock: unlock, Arg: arg, Moments: moments(maria), Prove: dialect.ProveByReading, Hold: hold, Doubles: true, Bare: " () VALUES ()", TakesBack: &dialect.TakesBack{Numbers: true}, Classify: verdict, Inside: inside,
		// Local time is no measure of how long ago: an hour comes twice a year.
		Age:   "UNIX_TIMESTAMP() - UNIX_TIMESTAMP(WRITTEN_AT)",
		Since: func(n int64) string { return fmt.Sprintf("UNIX_TIMESTAMP(WRITTEN_AT) >= UNIX_TIMESTAMP() - %d", n) },
		LedgerDDL: func(t string) string {
			return "CREATE TABLE IF NOT EXISTS " + t + " (\n  DELIVERY varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,\n" +
				"  SUBMISSION varchar(13) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n  DIGEST varchar(64) CHARACTER SET ascii,\n  RETURNED longtext CHARACTER SET utf8mb4,\n" +
				"  WRITTEN_AT timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP\n) ENGINE=InnoDB"
		},
	}
	if maria {
		d.Name, d.Summary = "mariadb", "MariaDB 10.5 or later."
	}
	return d
}

func quoteBack(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func open(e connectors.Env, c dialect.Config, zone *time.Location, maria bool) (dialect.Link, error) {
	m, err := config(e, c)
	if err != nil {
		return dialect.Link{}, err
	}
	connector, err := mysql.NewConnector(m)
	if err != nil {
		return dialect.Link{}, err
	}
	d := Dialect(maria)
	return dialect.LinkSQL(sql.OpenDB(connector), func(ctx context.Context, s *dialect.SQLSession) error {
		s.Answered = answered
		if err := s.Ready(ctx, c, &d, start(c, maria)); err != nil {
			return err
		}
		own, err := settle(ctx, s, zone, maria)
		s.Own = own
		return err
	}), nil
}

func config(e connectors.Env, c dialect.Config) (*mysql.Config, error) {
	m := mysql.NewConfig()
	if c.DSN != "" {
		var err error
		if m, err = mysql.ParseDSN(c.DSN); err != nil {
			return nil, errors.New("dsn is not in the form user@tcp(host:port)/database") // the driver's text may hold the password
		}
	}
	if c.Host != "" {
		port := c.Port
		if port == 0 {
			port = 3306
		}
		m.Net, m.Addr = "tcp", net.JoinHostPort(c.Host, strconv.Itoa(port))
		if strings.HasPrefix(c.Host, "/") {
			m.Net, m.Addr = "unix", c.Host
		}
	}
	if c.Database != "" {
		m.DBName = c.Database
	} else if m.DBName == "" {
		m.DBName = c.Schema
	}
	if c.User != "" {
		m.User = c.User
	}
	if c.Password != "" {
		m.Passwd = string(c.Password)
	}
	m.DialFunc = dialect.Dialer{}.DialContext
	if c.StatementTimeout > 0 {
		m.ReadTimeout = c.StatementTimeout + 10*time.Second // the server's own limit comes first
		m.WriteTimeout = m.ReadTimeout
	}
	m.ClientFoundRows = true // an UPDATE that changes nothing still hits its row
	m.InterpolateParams = true
	m.ParseTime = false
	m.MaxAllowedPacket = 0 // ask the server: what it would not take it answers by hanging up
	m.Collation = "utf8mb4_general_ci"
	m.Logger = silent{}
	if c.TLS.Mode != "" && c.TLS.Mode != "disable" {
		t, err := tlsConfig(e, c)
		if err != nil {
			return nil, err
		}
		m.TLS = t
	}
	return m, nil
}

// silent keeps the driver from writing to standard error; what it would say comes back as an error.
type silent struct{}

func (silent) Print(...any) {}

// tlsConfig is for drivers that take a tls.Config.
func tlsConfig(e connectors.Env, c dialect.Config) (*tls.Config, error) {
	t, err := c.TLS.Load(e, nil)
	if err != nil {
		return nil, err
	}
	t.ServerName = c.Host
	switch c.TLS.Mode {
	case "require":
		t.InsecureSkipVerify = true // asked for by name
	case "verify-ca":
		t.InsecureSkipVerify = true
		t.VerifyConnection = func(st tls.ConnectionState) error { return verifyChain(st, t.RootCAs) }
	}
	e.WatchTLS(t)
	return t, nil
}

// verifyChain checks the certificate's authority and not its name.
func verifyChain(st tls.ConnectionState, roots *x509.CertPool) error {
	if len(st.PeerCertificates) == 0 {
		return errors.New("x509: the server sent no certificate")
	}
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range st.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := st.PeerCertificates[0].Verify(o)
	return err
}

// write upserts by ON DUPLICATE KEY where the key is the table's only unique one. Where there are
// others that clause could change another row; then it is UPDATE, and INSERT if that hit none.
func write(d *dialect.Dialect, w *dialect.Rowset) ([]dialect.Statement, error) {
	if !d.Returns && len(w.Shape.Returning) > 0 && w.ByNumber() && !w.Tab.MakesNumbers() {
		return nil, dialect.Unsupported(w) // nothing names the row to read it back
	}
	switch w.Shape.Op {
	case connectors.Call:
		return call(d, w)
	case connectors.Upsert:
		if !w.Tab.Unique(w.KeyNames()) {
			return nil, dialect.NoKey(w)
		}
		if len(w.Tab.Uniques) > 1 || w.Tab.Partly {
			return upserts(d, w), nil
		}
	}
	return dialect.WriteRows(d, w, func(w *dialect.Rowset) string {
		return " ON DUPLICATE KEY UPDATE " + w.Assignments(d, func(q string) string { return "VALUES(" + q + ")" })
	})
}

// upserts is UPDATE and then INSERT … SELECT … WHERE NOT EXISTS, row by row.
func upserts(d *dialect.Dialect, w *dialect.Rowset) []dialect.Statement {
	var stmts []dialect.Statement
	head := "INSERT INTO " + w.Tab.Name + " (" + strings.Join(w.Names(d), ", ") + ") SELECT " +
		strings.TrimSuffix(strings.Repeat("?, ", len(w.Cols)), ", ") + " FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM " + w.Tab.Name + " WHERE " + w.Where(d, 1) + ")"
	for _, r := range w.Rows {
		update := dialect.Updates(d, w.With([]dialect.Row{r}))[0]
		update.Least, update.Most = 0, 0
		insert := w.Counted(dialect.Statement{SQL: head, Op: "upsert into " + w.Tab.Plain, Item: r.Item, Args: append(append([]any{}, r.Args...), w.KeyArgs(r)...), Sums: true}, 1, 1)
		stmts = append(stmts, update, insert)
		if len(w.Shape.Returning) > 0 {
			stmts = append(stmts, dialect.SelectBack(d, w, r))
		}
	}
	return stmts
}

// triggers counts a table's triggers, and the rights by which one sees them. It is part of what a transaction proves
// where moments depend on it: SHOW CREATE TABLE does not list triggers.
const triggers = `SELECT (SELECT COUNT(*) FROM information_schema.triggers WHERE event_object_schema = ? AND event_object_table = ?) AS triggers,
 (SELECT COUNT(*) FROM information_schema.user_privileges WHERE privilege_type = 'TRIGGER') +
 (SELECT COUNT(*) FROM information_schema.schema_privileges WHERE privilege_type = 'TRIGGER' AND ? LIKE table_schema) +
 (SELECT COUNT(*) FROM information_schema.table_privileges WHERE privilege_type = 'TRIGGER' AND table_schema = ? AND table_name = ?) AS rights`

// What a table does by itself with the session's clock: computed columns, checks (but for the one that MariaDB gives a
// column JSON), and defaults that are no literals. A moment's own default is the same on every clock.
var (
	computes  = regexp.MustCompile(`(?i)generated|on update`)
	checks    = regexp.MustCompile(`(?i)\bcheck\s*\(`)
	checkJSON = regexp.MustCompile("CHECK \\(json_valid\\(`(?:[^`]|``)+`\\)\\)")
	literal   = regexp.MustCompile(`^(?i:NULL|-?[0-9.]+(?:e[-+]?[0-9]+)?|[bx]?'(?:[^'\\]|''|\\.)*')?$`)
	ownMoment = regexp.MustCompile(`(?i)^current_timestamp(\(\d*\))?$`)
)

// clocked tells whether a table may ask the session's clock, by its definition as it is shown and its columns. Whoever
// may not see the definition does not know.
func clocked(printed dialect.Proof, cols []*dialect.Column, rows [][]connectors.Value) bool {
	if len(printed.Ask.Args) > 0 || checks.MatchString(checkJSON.ReplaceAllString(printed.Print, "")) {
		return true
	}
	for i, r := range rows {
		extra, given := r[4].Str, r[10].Str
		if cols[i].Fam == dialect.FamInstant && !strings.Contains(strings.ToLower(extra), "generated") && (ownMoment.MatchString(given) || literal.MatchString(given)) {
			continue
		}
		if computes.MatchString(extra) || !literal.MatchString(given) {
			return true
		}
	}
	return false
}

func table(ctx context.Context, s dialect.Session, schema, name string) (*dialect.Table, error) {
	in := "COALESCE(NULLIF(?, ''), DATABASE())"
	res, err := s.Run(ctx, []dialect.Statement{
		{SQL: `SELECT table_schema, table_name, engine, table_type = 'SYSTEM VERSIONED' FROM information_schema.tables WHERE table_schema = ` + in +
			` AND LOWER(table_name) = LOWER(?) ORDER BY CAST(table_name AS BINARY) = ? DESC, CAST(table_name AS BINARY) = LOWER(?) DESC`, Args: []any{schema, name, name, name}, Rows: true, Item: -1},
	}, false, false)
	if err != nil || len(res[0].Rows) == 0 {
		return nil, err
	}
	found := res[0].Rows[0]
	printed, err := print(ctx, s, found[0].Str, found[1].Str)
	if err != nil {
		return nil, err
	}
	triggers := dialect.Statement{SQL: triggers, Args: []any{found[0].Str, found[1].Str, found[0].Str, found[0].Str, found[1].Str}, Rows: true, Item: -1}
	res, err = s.Run(ctx, []dialect.Statement{
		{SQL: `SELECT column_name, data_type, character_maximum_length, numeric_scale, extra, is_nullable, column_default IS NULL, ` +
			`column_type, datetime_precision, character_set_name, column_default, collation_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`,
			Args: []any{found[0].Str, found[1].Str}, Rows: true, Item: -1},
		{SQL: `SELECT index_name, column_name, sub_part IS NOT NULL OR column_name IS NULL FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? ` +
			`AND non_unique = 0 ORDER BY index_name, seq_in_index`, Args: []any{found[0].Str, found[1].Str}, Rows: true, Item: -1},
		{SQL: `SELECT referenced_table_schema, referenced_table_name FROM information_schema.key_column_usage WHERE table_schema = ? AND table_name = ? ` +
			`AND referenced_table_name IS NOT NULL`, Args: []any{found[0].Str, found[1].Str}, Rows: true, Item: -1},
		triggers,
	}, false, false)
	if err != nil {
		return nil, err
	}
	var cols []*dialect.Column
	for _, r := range res[0].Rows {
		c := column(r)
		c.Folds = c.Fam == dialect.FamText && !strings.HasSuffix(r[11].Str, "_nopad_bin") && r[11].Str != "utf8mb4_0900_bin"
		cols = append(cols, c)
	}
	t := dialect.NewTable(name, quoteBack(found[0].Str)+"."+quoteBack(found[1].Str), cols)
	engine := found[2].Str
	t.Versioned = dialect.AsInt(found[3]) == 1
	t.Sure = engine != "" // a table: nothing here leaves out a row in silence
	t.Hooked = engine == "" || dialect.AsInt(res[3].Rows[0][0]) > 0 || dialect.AsInt(res[3].Rows[0][1]) == 0
	t.Clocked = t.Hooked || clocked(printed, cols, res[0].Rows)
	t.Uniques, t.Partly = dialect.WholeKeys(res[1].Rows)
	t.Proofs = append(spelled(found[0].Str, name, found[1].Str), printed)
	if !t.Clocked && slices.ContainsFunc(cols, func(c *dialect.Column) bool { return c.Fam == dialect.FamInstant }) {
		t.Proofs = append(t.Proofs, dialect.Proof{Ask: triggers, Print: dialect.PrintOf(res[3])})
	}
	t.Parents = dialect.ParentNames(res[2].Rows, quoteBack)
	if engine == "" {
		err = belowView(ctx, s, found[0].Str, found[1].Str, t, &engine, 0)
	}
	if loses(t, engine); strings.Contains(printed.Print, "\x00CREATE TEMPORARY TABLE") {
		t.Temporary()
	}
	return t, err
}

// loses says of a table whose engine has no transactions, or is not known, that writes cannot be taken back.
func loses(t *dialect.Table, engine string) {
	switch {
	case strings.HasPrefix(engine, "unknown"):
		t.Loses, t.Cure = engine, "it is a view over tables that this account may not see, and so may have no transactions: have the DBA grant SHOW VIEW, and a right on those tables"
	case !transactional(engine):
		t.Loses, t.Cure = engine, "change the table's engine to InnoDB; its writes cannot be taken back"
	}
}

// differs compares what the server keeps, in whatever character set, with what it is sent, in the connection's.
func differs(_ *dialect.Column, quoted, mark string) string {
	return "CAST(CONVERT(" + quoted + " USING utf8mb4) AS BINARY) <> CAST(CONVERT(" + mark + " USING utf8mb4) AS BINARY)"
}

// transactional tells MariaDB's engines apart: writes into the others cannot be taken back.
func transactional(engine string) bool {
	switch strings.ToLower(engine) {
	case "innodb", "rocksdb", "tokudb", "ndbcluster", "ndb":
		return true
	}
	return false
}

// arg keeps a moment as one until it is known what the statement is; see moments. Values of types that are not
// known are refused: nobody here can tell what the server would make of them.
func arg(c *dialect.Column, v connectors.Value, zone *time.Location) (any, error) {
	if c.Fam == dialect.FamOther && c.Typ != "" && v.Kind != connectors.Null {
		return nil, &dialect.Misfit{Code: dialect.CodeUnknownType, Column: c.Name}
	}
	if c.Fam != dialect.FamInstant || v.Kind == connectors.Null || v.Kind == connectors.Missing {
		return dialect.Arg(c, v, zone)
	}
	v, err := dialect.AsMoment(c, v)
	if err != nil {
		return nil, err
	}
	t, err := dialect.MomentOf(c, v.Str, zone)
	if err != nil {
		return nil, err
	}
	if s := t.Unix(); s < 1 || s > 1<<32-1 { // the server may end sooner, in 2038
		return nil, &dialect.Misfit{Code: dialect.CodeWrongType, Column: c.Name}
	}
	return t.In(zone), nil
}

// inUTC lets one statement of MariaDB speak UTC. It is not the session's: there CURRENT_TIMESTAMP would no longer
// be the legacy system's own clock in columns without a zone, in their defaults, and in triggers.
const inUTC = "SET STATEMENT time_zone = '+00:00' FOR "

// moments writes the moments of a rowset. MariaDB takes them in UTC where nothing else in the statement looks at
// the clock; else they go as the clock of the session's zone, and what that shows twice is refused. MySQL takes an
// offset for what is shown twice (since 8.0.19; those before refuse it).
func moments(maria bool) func(w *dialect.Rowset) error {
	return func(w *dialect.Rowset) error {
		utc := maria && !w.Tab.Clocked && !returnsMoments(w)
		for _, r := range w.Rows {
			for i, a := range r.Args {
				t, moment := a.(time.Time)
				if !moment {
					continue
				}
				layout := "2006-01-02 15:04:05.999999999"
				switch {
				case utc:
					t, w.Prefix = t.UTC(), inUTC
				case !connectors.ShownTwice(t):
				case maria:
					m := &dialect.Misfit{Code: dialect.CodeClockChange, Column: w.Cols[i].Name}
					return &dialect.Culprit{Item: r.Item, Code: m.Code, Op: "write " + w.Shape.Object + "." + m.Column, Err: m}
				default:
					layout += "-07:00"
				}
				r.Args[i] = t.Format(layout)
			}
		}
		return nil
	}
}

func returnsMoments(w *dialect.Rowset) bool {
	for _, n := range w.Shape.Returning {
		if c := w.Tab.Column(n); c == nil || c.Fam == dialect.FamInstant {
			return true
		}
	}
	return false
}
