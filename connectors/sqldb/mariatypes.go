package sqldb

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// counter is the part of SHOW CREATE TABLE that every row changes.
var counter = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// mariaDigest is a number over what the catalog shows of a table. It sums, because a long list would be cut.
const mariaDigest = `SELECT (SELECT CONCAT_WS(',', engine, table_type) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?),
  (SELECT CAST(SUM(CONV(LEFT(MD5(CONCAT_WS(',', column_name, ordinal_position, column_type, is_nullable, extra, character_set_name, collation_name)), 12), 16, 10)) AS CHAR)
     FROM information_schema.columns WHERE table_schema = ? AND table_name = ?),
  (SELECT CAST(SUM(CONV(LEFT(MD5(CONCAT_WS(',', index_name, seq_in_index, column_name, non_unique, sub_part)), 12), 16, 10)) AS CHAR)
     FROM information_schema.statistics WHERE table_schema = ? AND table_name = ?)`

// mariaPrint asks for the table as it would be made; an account with rights on single columns only may not see that, but
// what the catalog shows it.
func mariaPrint(ctx context.Context, s session, schema, name string) (proof, error) {
	ask := statement{sql: "SHOW CREATE TABLE " + quoteBack(schema) + "." + quoteBack(name), rows: true, op: "read the table's definition", item: -1}
	res, err := s.run(ctx, []statement{ask}, false, false)
	if err != nil && !broken(err) {
		ask.sql, ask.args = mariaDigest, []any{schema, name, schema, name, schema, name}
		res, err = s.run(ctx, []statement{ask}, false, false)
	}
	if err != nil {
		return proof{}, err
	}
	return proof{ask, printOf(res[0])}, nil
}

// mariaHold asks how a row would be written: that keeps the table as it is until the transaction ends, and needs no right
// that the write does not need. It comes first, because what an engine without transactions has got stays.
func mariaHold(w *rowset) statement {
	st := statement{rows: true, op: "hold " + w.tab.plain, item: -1}
	if w.shape.Op == connectors.Update {
		c := quoteBack(w.cols[w.key[0]].name)
		st.sql = "EXPLAIN UPDATE " + w.tab.name + " SET " + c + " = NULL WHERE " + c + " = NULL"
		return st
	}
	names, nulls := make([]string, len(w.cols)), make([]string, len(w.cols))
	for i, c := range w.cols {
		names[i], nulls[i] = quoteBack(c.name), "NULL"
	}
	st.sql = "EXPLAIN INSERT INTO " + w.tab.name + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(nulls, ", ") + ")"
	return st
}

var definedTable = regexp.MustCompile("`((?:[^`]|``)+)`\\.`((?:[^`]|``)+)`")

// mariaBelow finds what lies below a view: whether what goes into it can be taken back is a matter of the engines there,
// and the first without transactions is the view's.
func mariaBelow(ctx context.Context, s session, schema, view string, t *table, engine *string, depth int) error {
	res, err := s.run(ctx, []statement{{sql: "SELECT view_definition FROM information_schema.views WHERE table_schema = ? AND table_name = ?",
		args: []any{schema, view}, rows: true, item: -1}}, false, false)
	if err != nil {
		return err
	}
	if len(res[0].rows) == 0 || res[0].rows[0][0].Str == "" || depth > 8 {
		*engine = "unknown (of a view whose definition this account may not see: have the DBA grant SHOW VIEW)"
		return nil
	}
	plain := strings.NewReplacer("``", "`")
	for _, m := range definedTable.FindAllStringSubmatch(res[0].rows[0][0].Str, -1) {
		in, name := plain.Replace(m[1]), plain.Replace(m[2])
		below, err := s.run(ctx, []statement{{sql: "SELECT table_type, COALESCE(engine, '') FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
			args: []any{in, name}, rows: true, item: -1}}, false, false)
		if err != nil {
			return err
		}
		if len(below[0].rows) == 0 {
			continue // the name of a column
		}
		p, err := mariaPrint(ctx, s, in, name)
		if err != nil {
			return err
		}
		t.proofs = append(t.proofs, p)
		if below[0].rows[0][0].Str == "VIEW" {
			err = mariaBelow(ctx, s, in, name, t, engine, depth+1)
		} else if *engine == "" || transactional(*engine) {
			*engine = below[0].rows[0][1].Str
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

// mariaColumn reads one row of information_schema.columns.
func mariaColumn(r []connectors.Value) *column {
	c := &column{name: r[0].Str, typ: strings.ToLower(r[1].Str), length: int(asInt(r[2])), scale: anyScale,
		auto: strings.Contains(r[4].Str, "auto_increment"), required: r[5].Str == "NO" && asInt(r[6]) == 1}
	c.required = c.required && !c.auto
	if r[3].Kind != connectors.Null {
		c.scale = int(asInt(r[3]))
	}
	switch c.typ {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		c.fam = famInteger
	case "decimal", "numeric":
		c.fam = famDecimal
	case "float": // the server shows six digits of it
		c.fam, c.bits, c.digits = famFloat, 32, 6
	case "double":
		c.fam, c.bits = famFloat, 64
	case "bit":
		c.fam = famBit
	case "date":
		c.fam = famDate
	case "datetime", "timestamp", "time":
		c.fam = map[string]family{"datetime": famDateTime, "timestamp": famInstant, "time": famTime}[c.typ]
		c.scale = int(asInt(r[8]))
	case "year":
		c.fam = famYear
		if r[7].Str == "year(2)" {
			c.length = 2
		}
	case "char":
		c.fam, c.fixed = famText, trimmed
	case "varchar":
		c.fam = famText
	case "tinytext", "text", "mediumtext", "longtext":
		c.fam = famText
		if c.bytes = strings.HasPrefix(r[9].Str, "utf8"); !c.bytes {
			c.length = 0 // in a character set that we do not count in
		}
	case "enum", "set":
		c.fam, c.length = map[string]family{"enum": famEnum, "set": famSet}[c.typ], 0
		c.labels = labelsOf(r[7].Str)
	case "binary":
		c.fam, c.bytes, c.fixed = famBinary, true, zeroFill
	case "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		c.fam, c.bytes = famBinary, true
	case "uuid":
		c.fam = famUUID
	case "inet4", "inet6":
		c.fam = famAddress
	case "json": // MySQL: MariaDB keeps the text
		c.fam, c.bits = famJSON, 64
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

// mariaSpelled proves that no table is spelled otherwise and comes before the one that was found. Names are compared by
// bytes: the catalogue itself does not tell case apart.
func mariaSpelled(schema, name, found string) (proofs []proof) {
	for _, n := range slices.Compact([]string{name, strings.ToLower(name)}) {
		if n == found {
			break
		}
		proofs = append(proofs, proof{statement{sql: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ? AND CAST(table_name AS BINARY) = ?",
			args: []any{schema, n, n}, rows: true, op: "prove what the names of tables mean", item: -1}, "0"})
	}
	return proofs
}
