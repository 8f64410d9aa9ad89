package postgres

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// setup makes connections whose every transaction has the settings that correctness stands on, whatever a role,
// the server, session: or a pooler in between has set.
type setup struct {
	cfg    *pgconn.Config
	config dialect.Config
	zone   *time.Location
	params map[string]string // settings of the DSN: a pooler would refuse or drop them when sent with the login
	pooled atomic.Bool       // known from an earlier connection
}

// takeOver keeps for the login only what every pooler takes.
func (u *setup) takeOver() {
	u.params = map[string]string{}
	for k, v := range u.cfg.RuntimeParams {
		if k != "options" && k != "application_name" && k != "replication" {
			u.params[k] = v
			delete(u.cfg.RuntimeParams, k)
		}
	}
	u.cfg.RuntimeParams["application_name"] = "inbasket"
	u.cfg.RuntimeParams["client_encoding"] = "UTF8"
	if n := u.config.StatementTimeout; n > 0 {
		u.params["statement_timeout"] = strconv.FormatInt(n.Milliseconds(), 10)
		// A transaction whose client died without a word must not hold its ledger rows for ever.
		u.params["idle_in_transaction_session_timeout"] = strconv.FormatInt((n + 10*time.Second).Milliseconds(), 10)
	}
	if u.config.Schema != "" {
		u.params["search_path"] = dialect.QuoteDouble(u.config.Schema) + ",public"
	}
	u.cfg.DialFunc = dialect.Dialer{}.DialContext
	type address struct {
		host string
		port uint16
	}
	hosts := map[address]bool{{u.cfg.Host, u.cfg.Port}: true}
	for _, f := range u.cfg.Fallbacks {
		hosts[address{f.Host, f.Port}] = true
	}
	u.cfg.ConnectTimeout = u.config.ConnectTimeout / time.Duration(len(hosts)) // a dead address leaves time for the others
	if len(hosts) > 1 && u.cfg.ValidateConnect == nil {
		u.cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
}

func (u *setup) connect(ctx context.Context) (dialect.Session, error) {
	conn, err := pgconn.ConnectConfig(ctx, u.cfg)
	if err != nil {
		return nil, err
	}
	s := &Session{Conn: conn, known: map[string]string{}, Unnamed: true, pooled: &u.pooled}
	if err := u.prepare(ctx, s); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// prepare finds out whether the server's session is ours alone: one whose process the login has named. What else
// gives itself out for a server, a pooler, makes up that number.
func (u *setup) prepare(ctx context.Context, s *Session) error {
	if conn := s.Conn; conn.ParameterStatus("server_encoding") == "SQL_ASCII" && u.config.Charset == "" {
		return connectors.Errorf(connectors.TargetError, dialect.CodeNoCharset, "connect to postgres",
			"write charset: utf-8 if the texts of this database are UTF-8; else have the DBA convert it", "server_encoding is SQL_ASCII")
	}
	// One round trip for all: each lasts while the processors read forms.
	asked := []dialect.Statement{dialect.Question("SELECT pg_backend_pid()"), dialect.Question(nowSet)}
	if len(u.params) > 0 {
		ours := settings(u.params, false) + " WHERE pg_backend_pid() = " + strconv.FormatUint(uint64(s.Conn.PID()), 10)
		asked = []dialect.Statement{asked[0], setting(ours), asked[1]}
	}
	answer, err := s.Run(ctx, asked, false, false)
	if err != nil {
		return err
	}
	now := answer[len(answer)-1].Rows[0]
	if u.pooled.Load() || answer[0].Rows[0][0].Int != int64(s.Conn.PID()) {
		u.pooled.Store(true)
		now, err = u.share(ctx, s)
	} else {
		now, err = u.own(ctx, s, now)
	}
	if err == nil && now[1].Str == "replica" {
		err = connectors.Errorf(connectors.TargetError, dialect.CodeSession, "connect to postgres", "have the DBA take session_replication_role = replica "+
			"from the role, the database or session:; with it foreign keys and triggers do not hold", "session_replication_role is replica")
	}
	return err
}

// nowSet reads what is set of what the sessions of others may have changed.
const nowSet = "SELECT current_setting('search_path'), current_setting('session_replication_role')"

// own prepares a session that nobody else uses: what is set once stays, up to what is set by code that is called in
// it. So each transaction begins with ours.
func (u *setup) own(ctx context.Context, s *Session, now []connectors.Value) ([]connectors.Value, error) {
	s.Unnamed = false
	if err := u.ledger(ctx, s); err != nil {
		return nil, err
	}
	for _, q := range u.config.Session {
		if _, err := s.Conn.Exec(ctx, q).ReadAll(); err != nil {
			return nil, err
		}
	}
	if len(u.config.Session) > 0 {
		var err error
		if now, err = dialect.One(ctx, s, nowSet); err != nil {
			return nil, err
		}
	}
	s.first = []dialect.Statement{u.ours(now[0].Str)}
	return now, nil
}

// share prepares a session behind a pooler, where each transaction may run in another session of the server that other
// programs have set up for themselves: all settings go along with each transaction and end with it.
func (u *setup) share(ctx context.Context, s *Session) ([]connectors.Value, error) {
	if u.cfg.RuntimeParams["options"] != "" {
		return nil, pooler("write the settings of the DSN's options as session: [\"SET name = value\"], or connect past the pooler", "options do not pass a pooler")
	}
	path := u.params["search_path"]
	if path == "" {
		def, err := dialect.One(ctx, s, "SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'search_path'")
		if err != nil {
			return nil, err
		}
		path = def[0].Str
	}
	base := maps.Clone(u.params)
	base["search_path"] = path
	s.first = []dialect.Statement{setting(settings(base, true)), setting("SET LOCAL role TO DEFAULT"), u.ours(path)}
	if err := u.transactions(ctx, s); err != nil {
		return nil, err
	}
	if err := u.ledger(ctx, s); err != nil {
		return nil, err
	}
	s.first = s.first[:2:2]
	for _, q := range u.config.Session {
		local, ok := localSet(q)
		if !ok {
			return nil, pooler("behind a pooler session: may only have SET name = value; give the rest to the role (ALTER ROLE … SET), or connect past the pooler", "session: "+q)
		}
		s.first = append(s.first, setting(local))
	}
	now, err := dialect.One(ctx, s, nowSet) // with session:
	if err != nil {
		return nil, err
	}
	s.first = append(s.first, u.ours(now[0].Str))
	return now, nil
}

// transactions makes sure that a transaction over two round trips stays one.
func (u *setup) transactions(ctx context.Context, s *Session) error {
	pid := dialect.Statement{SQL: "SELECT pg_backend_pid()", Rows: true, Item: -1}
	before, err := s.Run(ctx, []dialect.Statement{pid}, true, false)
	var after []dialect.Result
	if err == nil {
		after, err = s.Run(ctx, []dialect.Statement{pid}, false, true)
	}
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "08P01" || err == nil && before[0].Rows[0][0].Int != after[0].Rows[0][0].Int {
		return pooler("set pool_mode = transaction or session for this database or user", "the pooler gives no transactions (statement pooling)")
	}
	return err
}

func (u *setup) ledger(ctx context.Context, s *Session) error {
	if !u.config.Ledger || !u.config.CreateLedger {
		return nil
	}
	d := Dialect()
	return dialect.CreateLedger(ctx, s, &d, u.config.LedgerTable)
}

// ownPath keeps our search_path for the length of a transaction, under a name that nobody else uses.
const ownPath = "inbasket.search_path"

// ours are the settings that values and rows depend on, for one transaction. Tables of pg_temp come last, so that none
// stands in for the ledger.
func (u *setup) ours(path string) dialect.Statement {
	if !strings.Contains(path, "pg_temp") {
		path = strings.TrimPrefix(path+", pg_temp", ", ")
	}
	sql := settings(map[string]string{
		"client_encoding": "UTF8", "DateStyle": "ISO, YMD", "TimeZone": u.zone.String(), "bytea_output": "hex", "extra_float_digits": "1",
		"IntervalStyle": "postgres", "lc_monetary": "C", "standard_conforming_strings": "on", "array_nulls": "on", "search_path": path, ownPath: path,
	}, true)
	// Asynchronous commit may lose what was reported as committed, so it is raised; stronger settings stay.
	const commit = "current_setting('synchronous_commit')"
	return setting(sql + ", set_config('synchronous_commit', CASE " + commit + " WHEN 'off' THEN 'on' ELSE " + commit + " END, true)")
}

// settings is one SELECT that sets all of them.
func settings(all map[string]string, local bool) string {
	var calls []string
	for _, k := range slices.Sorted(maps.Keys(all)) {
		calls = append(calls, "set_config("+quoteText(k)+", "+quoteText(all[k])+", "+strconv.FormatBool(local)+")")
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// quoteText is right whatever standard_conforming_strings is.
func quoteText(s string) string {
	quoted := "'" + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + quoted
	}
	return quoted
}

func setting(sql string) dialect.Statement {
	return dialect.Statement{SQL: sql, Op: "settle the session", Item: -1}
}

var setStatement = regexp.MustCompile(`(?is)^\s*set\s+(?:session\s+|local\s+)?(\S.*?)[\s;]*$`)

// localSet makes a SET one that ends with its transaction; other statements cannot be made so.
func localSet(q string) (string, bool) {
	m := setStatement.FindStringSubmatch(q)
	if m == nil {
		return "", false
	}
	switch word, _, _ := strings.Cut(strings.ToLower(m[1]), " "); word {
	case "authorization", "characteristics", "transaction", "constraints":
		return "", false
	}
	return "SET LOCAL " + m[1], true
}

func pooler(hint, why string) error {
	return connectors.Errorf(connectors.TargetError, dialect.CodePooler, "connect to postgres", hint, "%s", why)
}

// poolerVerdict reads what PgBouncer says under the one code that it has.
func poolerVerdict(e *pgconn.PgError) dialect.Verdict {
	msg := strings.ToLower(e.Message)
	switch {
	case strings.Contains(msg, "startup parameter"):
		return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodePooler, Hint: "leave the parameter out of the dsn, or name it in the pooler's ignore_startup_parameters"}
	case strings.Contains(msg, "statement pooling"):
		return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodePooler, Hint: "set pool_mode = transaction or session for this database or user"}
	case strings.Contains(msg, "auth"), strings.Contains(msg, "password"):
		return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeLogin, Hint: "check user and password, also at the pooler"}
	}
	return dialect.Verdict{Class: connectors.Transient, Code: dialect.CodeUnreachable, Hint: ""}
}

// greetPostgres asks for encryption (SSLRequest).
func greetPostgres(conn net.Conn) error {
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	if answer[0] != 'S' {
		return errors.New("the server does not encrypt")
	}
	return nil
}

func login(dsn string) string {
	if parsed, err := pgconn.ParseConfig(dsn); err == nil {
		return parsed.User
	}
	return ""
}

// grantee: capitals stay only in quotes.
func grantee(user string) string {
	if user != strings.ToLower(user) {
		return dialect.QuoteDouble(user)
	}
	return dialect.QuoteUnlessPlain(user)
}
