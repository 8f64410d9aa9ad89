package sqldb

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
)

func mariaDialect(maria bool) dialect {
	d := dialect{
		name: "mysql", summary: "MySQL 8 or later.", parallel: 2, port: 3306, greet: greetMariaDB, login: mariaLogin, grantee: mariaGrantee,
		open: func(e connectors.Env, c Config, zone *time.Location) (link, error) {
			return openMySQL(e, c, zone, maria)
		},
		inspector: mariaInspector(), digest: "varchar(64)",
		maxBinds: 60000, maxRows: 128, returns: maria, quote: quoteBack, bind: questionMark, keeps: true, differs: mariaDiffers,
		write: mariaWrite, table: mariaTable, arg: mariaArg, moments: mariaMoments(maria), prove: proveByReading, hold: mariaHold, doubles: true, classify: mariaVerdict, inside: mariaInside,
		// Local time is no measure of how long ago: an hour comes twice a year.
		age:   "UNIX_TIMESTAMP() - UNIX_TIMESTAMP(WRITTEN_AT)",
		since: func(n int64) string { return fmt.Sprintf("UNIX_TIMESTAMP(WRITTEN_AT) >= UNIX_TIMESTAMP() - %d", n) },
		ledgerDDL: func(t string) string {
			return "CREATE TABLE IF NOT EXISTS " + t + " (\n  DELIVERY varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,\n" +
				"  SUBMISSION varchar(13) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n  DIGEST varchar(64) CHARACTER SET ascii,\n  RETURNED longtext CHARACTER SET utf8mb4,\n" +
				"  WRITTEN_AT timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP\n) ENGINE=InnoDB"
		},
	}
	if maria {
		d.name, d.summary = "mariadb", "MariaDB 10.5 or later."
	}
	return d
}

func quoteBack(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func openMySQL(e connectors.Env, c Config, zone *time.Location, maria bool) (link, error) {
	m, err := mysqlConfig(e, c)
	if err != nil {
		return link{}, err
	}
	connector, err := mysql.NewConnector(m)
	if err != nil {
		return link{}, err
	}
	d := mariaDialect(maria)
	return linkSQL(sql.OpenDB(connector), func(ctx context.Context, s *sqlSession) error {
		s.answered = mariaAnswered
		if err := s.ready(ctx, c, &d, mariaStart(c, maria)); err != nil {
			return err
		}
		s.own, err = mariaSettle(ctx, s, zone, maria)
		return err
	}), nil
}

func mysqlConfig(e connectors.Env, c Config) (*mysql.Config, error) {
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
	m.DialFunc = dialer{}.DialContext
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
func tlsConfig(e connectors.Env, c Config) (*tls.Config, error) {
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

// mariaWrite upserts by ON DUPLICATE KEY where the key is the table's only unique one. Where there are
// others that clause could change another row; then it is UPDATE, and INSERT if that hit none.
func mariaWrite(d *dialect, w *rowset) ([]statement, error) {
	if !d.returns && len(w.shape.Returning) > 0 && w.byNumber() && !w.tab.makesNumbers() {
		return nil, unsupported(w) // nothing names the row to read it back
	}
	switch w.shape.Op {
	case connectors.Call:
		return mariaCall(d, w)
	case connectors.Upsert:
		if !w.tab.unique(w.keyNames()) {
			return nil, noKey(w)
		}
		if len(w.tab.uniques) > 1 || w.tab.partly {
			return mariaUpserts(d, w), nil
		}
	}
	return writeRows(d, w, func(w *rowset) string {
		return " ON DUPLICATE KEY UPDATE " + w.assignments(d, func(q string) string { return "VALUES(" + q + ")" })
	})
}

// mariaUpserts is UPDATE and then INSERT … SELECT … WHERE NOT EXISTS, row by row.
func mariaUpserts(d *dialect, w *rowset) []statement {
	var stmts []statement
	head := "INSERT INTO " + w.tab.name + " (" + strings.Join(w.names(d), ", ") + ") SELECT " +
		strings.TrimSuffix(strings.Repeat("?, ", len(w.cols)), ", ") + " FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM " + w.tab.name + " WHERE " + w.where(d, 1) + ")"
	for _, r := range w.rows {
		update := updates(d, w.with([]row{r}))[0]
		update.least, update.most = 0, 0
		insert := w.counted(statement{sql: head, op: "upsert into " + w.tab.plain, item: r.item, args: append(append([]any{}, r.args...), w.keyArgs(r)...), sums: true}, 1, 1)
		stmts = append(stmts, update, insert)
		if len(w.shape.Returning) > 0 {
			stmts = append(stmts, selectBack(d, w, r))
		}
	}
	return stmts
}

// mariaCall calls a procedure once a row, with the fields as its parameters in order.
func mariaCall(d *dialect, w *rowset) ([]statement, error) {
	if len(w.shape.Returning) > 0 {
		return nil, unsupported(w)
	}
	var stmts []statement
	for _, r := range w.rows {
		marks := make([]string, len(w.cols))
		for i := range marks {
			marks[i] = d.bind(i + 1)
		}
		stmts = append(stmts, statement{sql: "CALL " + w.tab.name + "(" + strings.Join(marks, ", ") + ")", args: r.args, op: "call " + w.shape.Object, item: r.item})
	}
	return stmts, nil
}

// mariaTriggers counts a table's triggers, and the rights by which one sees them. It is part of what a transaction proves
// where moments depend on it: SHOW CREATE TABLE does not list triggers.
const mariaTriggers = `SELECT (SELECT COUNT(*) FROM information_schema.triggers WHERE event_object_schema = ? AND event_object_table = ?) AS triggers,
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

// mariaClocked tells whether a table may ask the session's clock, by its definition as it is shown and its columns. Whoever
// may not see the definition does not know.
func mariaClocked(printed proof, cols []*column, rows [][]connectors.Value) bool {
	if len(printed.ask.args) > 0 || checks.MatchString(checkJSON.ReplaceAllString(printed.print, "")) {
		return true
	}
	for i, r := range rows {
		extra, given := r[4].Str, r[10].Str
		if cols[i].fam == famInstant && !strings.Contains(strings.ToLower(extra), "generated") && (ownMoment.MatchString(given) || literal.MatchString(given)) {
			continue
		}
		if computes.MatchString(extra) || !literal.MatchString(given) {
			return true
		}
	}
	return false
}

func mariaTable(ctx context.Context, s session, schema, name string) (*table, error) {
	in := "COALESCE(NULLIF(?, ''), DATABASE())"
	res, err := s.run(ctx, []statement{
		{sql: `SELECT table_schema, table_name, engine FROM information_schema.tables WHERE table_schema = ` + in +
			` AND LOWER(table_name) = LOWER(?) ORDER BY CAST(table_name AS BINARY) = ? DESC, CAST(table_name AS BINARY) = LOWER(?) DESC`, args: []any{schema, name, name, name}, rows: true, item: -1},
	}, false, false)
	if err != nil || len(res[0].rows) == 0 {
		return nil, err
	}
	found := res[0].rows[0]
	printed, err := mariaPrint(ctx, s, found[0].Str, found[1].Str)
	if err != nil {
		return nil, err
	}
	triggers := statement{sql: mariaTriggers, args: []any{found[0].Str, found[1].Str, found[0].Str, found[0].Str, found[1].Str}, rows: true, item: -1}
	res, err = s.run(ctx, []statement{
		{sql: `SELECT column_name, data_type, character_maximum_length, numeric_scale, extra, is_nullable, column_default IS NULL, ` +
			`column_type, datetime_precision, character_set_name, column_default, collation_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`,
			args: []any{found[0].Str, found[1].Str}, rows: true, item: -1},
		{sql: `SELECT index_name, column_name, sub_part IS NOT NULL OR column_name IS NULL FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? ` +
			`AND non_unique = 0 ORDER BY index_name, seq_in_index`, args: []any{found[0].Str, found[1].Str}, rows: true, item: -1},
		{sql: `SELECT referenced_table_schema, referenced_table_name FROM information_schema.key_column_usage WHERE table_schema = ? AND table_name = ? ` +
			`AND referenced_table_name IS NOT NULL`, args: []any{found[0].Str, found[1].Str}, rows: true, item: -1},
		triggers,
	}, false, false)
	if err != nil {
		return nil, err
	}
	var cols []*column
	for _, r := range res[0].rows {
		c := mariaColumn(r)
		c.folds = c.fam == famText && !strings.HasSuffix(r[11].Str, "_nopad_bin") && r[11].Str != "utf8mb4_0900_bin"
		cols = append(cols, c)
	}
	t := newTable(name, quoteBack(found[0].Str)+"."+quoteBack(found[1].Str), cols)
	engine := found[2].Str
	t.sure = engine != "" // a table: nothing here leaves out a row in silence
	t.clocked = engine == "" || asInt(res[3].rows[0][0]) > 0 || asInt(res[3].rows[0][1]) == 0 || mariaClocked(printed, cols, res[0].rows)
	t.uniques, t.partly = wholeKeys(res[1].rows)
	t.proofs = append(mariaSpelled(found[0].Str, name, found[1].Str), printed)
	if !t.clocked && slices.ContainsFunc(cols, func(c *column) bool { return c.fam == famInstant }) {
		t.proofs = append(t.proofs, proof{triggers, printOf(res[3])})
	}
	t.parents = parentNames(res[2].rows, quoteBack)
	if engine == "" {
		err = mariaBelow(ctx, s, found[0].Str, found[1].Str, t, &engine, 0)
	}
	if mariaLoses(t, engine); strings.Contains(printed.print, "\x00CREATE TEMPORARY TABLE") {
		t.temporary()
	}
	return t, err
}

// mariaLoses says of a table whose engine has no transactions, or is not known, that writes cannot be taken back.
func mariaLoses(t *table, engine string) {
	switch {
	case strings.HasPrefix(engine, "unknown"):
		t.loses, t.cure = engine, "it is a view over tables that this account may not see, and so may have no transactions: have the DBA grant SHOW VIEW, and a right on those tables"
	case !transactional(engine):
		t.loses, t.cure = engine, "change the table's engine to InnoDB; its writes cannot be taken back"
	}
}

// mariaDiffers compares what the server keeps, in whatever character set, with what it is sent, in the connection's.
func mariaDiffers(_ *column, quoted, mark string) string {
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

// mariaArg keeps a moment as one until it is known what the statement is; see mariaMoments. Values of types that are not
// known are refused: nobody here can tell what the server would make of them.
func mariaArg(c *column, v connectors.Value, zone *time.Location) (any, error) {
	if c.fam == famOther && c.typ != "" && v.Kind != connectors.Null {
		return nil, &misfit{CodeUnknownType, c.name}
	}
	if c.fam != famInstant || v.Kind == connectors.Null || v.Kind == connectors.Missing {
		return arg(c, v, zone)
	}
	v, err := asMoment(c, v)
	if err != nil {
		return nil, err
	}
	t, err := momentOf(c, v.Str, zone)
	if err != nil {
		return nil, err
	}
	if s := t.Unix(); s < 1 || s > 1<<32-1 { // the server may end sooner, in 2038
		return nil, &misfit{CodeWrongType, c.name}
	}
	return t.In(zone), nil
}

// inUTC lets one statement of MariaDB speak UTC. It is not the session's: there CURRENT_TIMESTAMP would no longer
// be the legacy system's own clock in columns without a zone, in their defaults, and in triggers.
const inUTC = "SET STATEMENT time_zone = '+00:00' FOR "

// mariaMoments writes the moments of a rowset. MariaDB takes them in UTC where nothing else in the statement looks at
// the clock; else they go as the clock of the session's zone, and what that shows twice is refused. MySQL takes an
// offset for what is shown twice (since 8.0.19; those before refuse it).
func mariaMoments(maria bool) func(w *rowset) error {
	return func(w *rowset) error {
		utc := maria && !w.tab.clocked && !w.returnsMoments()
		for _, r := range w.rows {
			for i, a := range r.args {
				t, moment := a.(time.Time)
				if !moment {
					continue
				}
				layout := "2006-01-02 15:04:05.999999999"
				switch {
				case utc:
					t, w.prefix = t.UTC(), inUTC
				case !connectors.ShownTwice(t):
				case maria:
					m := &misfit{CodeClockChange, w.cols[i].name}
					return &culprit{r.item, m.code, "write " + w.shape.Object + "." + m.column, m}
				default:
					layout += "-07:00"
				}
				r.args[i] = t.Format(layout)
			}
		}
		return nil
	}
}

func (w *rowset) returnsMoments() bool {
	for _, n := range w.shape.Returning {
		if c := w.tab.column(n); c == nil || c.fam == famInstant {
			return true
		}
	}
	return false
}
