package mysql

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Digest is a number over what the catalog shows of a table. It sums, because a long list would be cut.
const Digest = `SELECT (SELECT CONCAT_WS(',', engine, table_type) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?),
  (SELECT CAST(SUM(CONV(LEFT(MD5(CONCAT_WS(',', column_name, ordinal_position, column_type, is_nullable, extra, character_set_name, collation_name)), 12), 16, 10)) AS CHAR)
     FROM information_schema.columns WHERE table_schema = ? AND table_name = ?),
  (SELECT CAST(SUM(CONV(LEFT(MD5(CONCAT_WS(',', index_name, seq_in_index, column_name, non_unique, sub_part)), 12), 16, 10)) AS CHAR)
     FROM information_schema.statistics WHERE table_schema = ? AND table_name = ?)`

// print asks for the table as it would be made; an account with rights on single columns only may not see that, but
// what the catalog shows it.
func print(ctx context.Context, s dialect.Session, schema, name string) (dialect.Proof, error) {
	ask := dialect.Statement{SQL: "SHOW CREATE TABLE " + quoteBack(schema) + "." + quoteBack(name), Rows: true, Op: "read the table's definition", Item: -1}
	res, err := s.Run(ctx, []dialect.Statement{ask}, false, false)
	if err != nil && !dialect.Broken(err) {
		ask.SQL, ask.Args = Digest, []any{schema, name, schema, name, schema, name}
		res, err = s.Run(ctx, []dialect.Statement{ask}, false, false)
	}
	if err != nil {
		return dialect.Proof{}, err
	}
	return dialect.Proof{Ask: ask, Print: dialect.PrintOf(res[0])}, nil
}

// hold asks how a row would be written: that keeps the table as it is until the transaction ends, and needs no right
// that the write does not need. It comes first, because what an engine without transactions has got stays.
func hold(w *dialect.Rowset) dialect.Statement {
	st := dialect.Statement{Rows: true, Op: "hold " + w.Tab.Plain, Item: -1}
	if w.Shape.Op == connectors.Update {
		c := quoteBack(w.Cols[w.Key[0]].Name)
		st.SQL = "EXPLAIN UPDATE " + w.Tab.Name + " SET " + c + " = NULL WHERE " + c + " = NULL"
		return st
	}
	names, nulls := make([]string, len(w.Cols)), make([]string, len(w.Cols))
	for i, c := range w.Cols {
		names[i], nulls[i] = quoteBack(c.Name), "NULL"
	}
	st.SQL = "EXPLAIN INSERT INTO " + w.Tab.Name + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(nulls, ", ") + ")"
	return st
}

var definedTable = regexp.MustCompile("`((?:[^`]|``)+)`\\.`((?:[^`]|``)+)`")

// belowView finds what lies below a view: whether what goes into it can be taken back is a matter of the engines there,
// and the first without transactions is the view's.
func belowView(ctx context.Context, s dialect.Session, schema, view string, t *dialect.Table, engine *string, depth int) error {
	res, err := s.Run(ctx, []dialect.Statement{{SQL: "SELECT view_definition FROM information_schema.views WHERE table_schema = ? AND table_name = ?",
		Args: []any{schema, view}, Rows: true, Item: -1}}, false, false)
	if err != nil {
		return err
	}
	if len(res[0].Rows) == 0 || res[0].Rows[0][0].Str == "" || depth > 8 {
		*engine = "unknown (of a view whose definition this account may not see: have the DBA grant SHOW VIEW)"
		return nil
	}
	plain := strings.NewReplacer("``", "`")
	for _, m := range definedTable.FindAllStringSubmatch(res[0].Rows[0][0].Str, -1) {
		in, name := plain.Replace(m[1]), plain.Replace(m[2])
		below, err := s.Run(ctx, []dialect.Statement{{SQL: "SELECT table_type, COALESCE(engine, '') FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
			Args: []any{in, name}, Rows: true, Item: -1}}, false, false)
		if err != nil {
			return err
		}
		if len(below[0].Rows) == 0 {
			continue // the name of a column
		}
		p, err := print(ctx, s, in, name)
		if err != nil {
			return err
		}
		t.Proofs = append(t.Proofs, p)
		if below[0].Rows[0][0].Str == "VIEW" {
			err = belowView(ctx, s, in, name, t, engine, depth+1)
		} else if *engine == "" || transactional(*engine) {
			*engine = below[0].Rows[0][1].Str
		}
		if err != nil {
			return err
		}
	}
	if *engine == "" {
		*engine = "unknown"
	}
	return nil
}

// column reads one row of information_schema.columns.
func column(r []connectors.Value) *dialect.Column {
	c := &dialect.Column{Name: r[0].Str, Typ: strings.ToLower(r[1].Str), Length: int(dialect.AsInt(r[2])), Scale: dialect.AnyScale,
		Auto: strings.Contains(r[4].Str, "auto_increment"), Required: r[5].Str == "NO" && dialect.AsInt(r[6]) == 1}
	c.Required = c.Required && !c.Auto
	if r[3].Kind != connectors.Null {
		c.Scale = int(dialect.AsInt(r[3]))
	}
	switch c.Typ {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		c.Fam = dialect.FamInteger
	case "decimal", "numeric":
		c.Fam = dialect.FamDecimal
	case "float": // the server shows six digits of it
		c.Fam, c.Bits, c.Digits = dialect.FamFloat, 32, 6
	case "double":
		c.Fam, c.Bits = dialect.FamFloat, 64
	case "bit":
		c.Fam = dialect.FamBit
	case "date":
		c.Fam = dialect.FamDate
	case "datetime", "timestamp", "time":
		c.Fam = map[string]dialect.Family{"datetime": dialect.FamDateTime, "timestamp": dialect.FamInstant, "time": dialect.FamTime}[c.Typ]
		c.Scale = int(dialect.AsInt(r[8]))
	case "year":
		c.Fam = dialect.FamYear
		if r[7].Str == "year(2)" {
			c.Length = 2
		}
	case "char":
		c.Fam, c.Fixed = dialect.FamText, dialect.Trimmed
	case "varchar":
		c.Fam = dialect.FamText
	case "tinytext", "text", "mediumtext", "longtext":
		c.Fam = dialect.FamText
		if c.Bytes = strings.HasPrefix(r[9].Str, "utf8"); !c.Bytes {
			c.Length = 0 // in a character set that we do not count in
		}
	case "enum", "set":
		c.Fam, c.Length = map[string]dialect.Family{"enum": dialect.FamEnum, "set": dialect.FamSet}[c.Typ], 0
		c.Labels = labelsOf(r[7].Str)
	case "binary":
		c.Fam, c.Bytes, c.Fixed = dialect.FamBinary, true, dialect.ZeroFill
	case "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		c.Fam, c.Bytes = dialect.FamBinary, true
	case "uuid":
		c.Fam = dialect.FamUUID
	case "inet4", "inet6":
		c.Fam = dialect.FamAddress
	case "json": // MySQL: MariaDB keeps the text
		c.Fam, c.Bits = dialect.FamJSON, 64
	}
	return c
}

// labelsOf reads a definition such as enum('a','it”s').
func labelsOf(typ string) []string {
	_, list, _ := strings.Cut(typ, "(")
	list = strings.TrimSuffix(list, ")")
	var labels []string
	for len(list) > 0 && list[0] == '\'' {
		var b strings.Builder
		i := 1
		for i < len(list) {
			if list[i] == '\'' {
				if i+1 == len(list) || list[i+1] != '\'' {
					break
				}
				i++
			}
			b.WriteByte(list[i])
			i++
		}
		labels = append(labels, b.String())
		list = strings.TrimPrefix(list[min(i+1, len(list)):], ",")
	}
	return labels
}

// spelled proves that no table is spelled otherwise and comes before the one that was found. Names are compared by
// bytes: the catalogue itself does not tell case apart.
func spelled(schema, name, found string) (proofs []dialect.Proof) {
	for _, n := range slices.Compact([]string{name, strings.ToLower(name)}) {
		if n == found {
			break
		}
		proofs = append(proofs, dialect.Proof{Ask: dialect.Statement{SQL: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ? AND CAST(table_name AS BINARY) = ?",
			Args: []any{schema, n, n}, Rows: true, Op: "prove what the names of tables mean", Item: -1}, Print: "0"})
	}
	return proofs
}
