package mysql

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// modes are always on: without strict mode the server cuts texts and rounds numbers in silence, and without
// NO_AUTO_VALUE_ON_ZERO it makes another number of a 0.
var modes = []string{"STRICT_ALL_TABLES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE", "ERROR_FOR_DIVISION_BY_ZERO", "NO_ENGINE_SUBSTITUTION", "NO_AUTO_VALUE_ON_ZERO"}

// harmless are modes that session: may add: they change how SQL is read, not what is stored or found.
var harmless = []string{"ANSI", "ANSI_QUOTES", "PIPES_AS_CONCAT", "IGNORE_SPACE", "NO_BACKSLASH_ESCAPES", "REAL_AS_FLOAT", "HIGH_NOT_PRECEDENCE",
	"ONLY_FULL_GROUP_BY", "STRICT_TRANS_TABLES", "TRADITIONAL", "NO_AUTO_CREATE_USER", "NO_UNSIGNED_SUBTRACTION", "NO_DIR_IN_CREATE",
	"NO_KEY_OPTIONS", "NO_TABLE_OPTIONS", "NO_FIELD_OPTIONS", "SIMULTANEOUS_ASSIGNMENT", "MSSQL", "DB2", "MAXDB", "POSTGRESQL", "MYSQL323", "MYSQL40"}

// start is run first on a new connection, before session:.
func start(c dialect.Config, maria bool) []string {
	start := []string{"SET SESSION sql_mode = '" + strings.Join(modes, ",") + "'"}
	if c.StatementTimeout > 0 {
		sec := max(1, int(c.StatementTimeout/time.Second))
		start = append(start, "SET SESSION innodb_lock_wait_timeout = "+strconv.Itoa(sec))
		// A transaction whose client died without a word must not hold its ledger rows for hours.
		if maria {
			start = append(start, "SET SESSION max_statement_time = "+strconv.Itoa(sec), "SET SESSION idle_transaction_timeout = "+strconv.Itoa(sec+10))
		} else {
			start = append(start, "SET SESSION wait_timeout = "+strconv.Itoa(sec+300))
		}
	}
	return start
}

// settle looks at what session: has left, and makes of it the statement that opens each transaction with the
// settings that values and rows depend on. What is called in a transaction, and proxies that share connections, may
// change them; so they are not set once. With autocommit off the next statement begins the transaction.
func settle(ctx context.Context, s *dialect.SQLSession, zone *time.Location, maria bool) (*dialect.OwnTx, error) {
	res, err := s.Run(ctx, []dialect.Statement{{SQL: "SHOW SESSION VARIABLES WHERE Variable_name IN ('sql_mode', 'tx_isolation', 'transaction_isolation')",
		Rows: true, Op: "settle the session", Item: -1}}, false, false)
	if err != nil {
		return nil, err
	}
	modes := slices.Clone(modes)
	for _, r := range res[0].Rows {
		if r[0].Str != "sql_mode" {
			if r[1].Str == "READ-UNCOMMITTED" { // a look-up would take a row for written that is still taken back
				return nil, dialect.BadSetting("mariadb", "isolation level READ UNCOMMITTED", "set it to READ COMMITTED or REPEATABLE READ in session: or at the server")
			}
			continue
		}
		for _, m := range strings.Split(r[1].Str, ",") {
			switch {
			case m == "" || slices.Contains(modes, m):
			case !slices.Contains(harmless, m):
				return nil, dialect.BadSetting("mariadb", "sql_mode "+m, "take it out of session:")
			default:
				modes = append(modes, m)
			}
		}
	}
	tz := zone.String()
	if tz == "UTC" {
		tz = "+00:00"
	}
	rest := ", sql_mode = '" + strings.Join(modes, ",") + "', time_zone = '" + tz + "', character_set_client = utf8mb4, character_set_results = utf8mb4" +
		", collation_connection = utf8mb4_general_ci, foreign_key_checks = 1, unique_checks = 1, sql_select_limit = 18446744073709551615" +
		", sql_auto_is_null = 0, completion_type = 0, timestamp = DEFAULT"
	if maria {
		rest += ", check_constraint_checks = 1"
	}
	own := &dialect.OwnTx{Begin: "SET SESSION autocommit = 0" + rest, Outside: "SET SESSION autocommit = 1" + rest}
	return own, s.Start(ctx, []string{own.Outside}) // what the server does not know, such as a zone, is told now
}

// maxGreeting bounds what a MariaDB server says first, in bytes.
const maxGreeting = 4 << 10

// greetMariaDB reads the server's greeting and asks for encryption.
func greetMariaDB(conn net.Conn) error {
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if size > maxGreeting {
		return errors.New("the server's greeting is too long")
	}
	if _, err := io.CopyN(io.Discard, conn, int64(size)); err != nil {
		return err
	}
	const clientSSL, protocol41, secureConnection = 0x800, 0x200, 0x8000
	packet := make([]byte, 4+32)
	packet[0], packet[3] = 32, head[3]+1
	binary.LittleEndian.PutUint32(packet[4:], clientSSL|protocol41|secureConnection)
	binary.LittleEndian.PutUint32(packet[8:], 1<<24)
	packet[12] = 45 // utf8mb4
	_, err := conn.Write(packet)
	return err
}

func login(dsn string) string {
	if parsed, err := mysql.ParseDSN(dsn); err == nil {
		return parsed.User
	}
	return ""
}

func grantee(user string) string {
	name, host, ok := strings.Cut(user, "@")
	if !ok {
		host = "%"
	}
	quote := strings.NewReplacer("\\", "\\\\", "'", "''").Replace
	return "'" + quote(name) + "'@'" + quote(host) + "'"
}
