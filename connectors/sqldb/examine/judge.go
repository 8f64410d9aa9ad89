package examine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// judge asks the server what it thinks of a statement, and returns why it would refuse it; nil: it would not.
func (x *examination) judge(ctx context.Context, st dialect.Statement, what string) (*connectors.Finding, error) {
	st.SQL, st.Rows, st.Each, st.Outs = x.D.Inspector.Explain+st.SQL, true, nil, 0
	_, err := x.S.Run(ctx, []dialect.Statement{st}, false, false)
	var f *dialect.Fault
	if err == nil || !errors.As(err, &f) || !f.Answered {
		return nil, err
	}
	if err := x.mend(ctx); err != nil {
		return nil, err
	}
	for _, words := range x.D.Inspector.Gone {
		if strings.Contains(f.Error(), words) {
			return nil, nil
		}
	}
	v := x.D.Classify(f.Err)
	switch {
	case v.Class == connectors.Transient || v.Class == connectors.Uncertain:
		return nil, err
	case v.Code == dialect.CodeNotNull || v.Code == dialect.CodeNoKey: // of the NULL that stands for a form's value; said by keys
		return nil, nil
	}
	out := &connectors.Finding{Code: v.Code, Message: "the database refuses to " + what, Cure: v.Hint, Raw: f.Error()}
	switch {
	case v.Class == connectors.ItemError:
		out.Message = "the database refuses a value that is always the same, to " + what
		out.Cure = "correct it in the mapping; the database's own words, by inbasket check --connect, say which"
	case v.Code == dialect.CodeGrant:
		out.Message = "the account lacks a right to " + what
		x.denied(out, f)
	}
	return out, nil
}

// Words of servers that say which right is missing. Names of commands, columns and tables are all that is taken.
var (
	deniedCommand = regexp.MustCompile("([A-Z][A-Z, ]*[A-Z]) command denied to user .*? for (?:column [`'](.+?)['`] in )?table ([`'].+?['`])(?:$| |\\))")
	deniedObject  = regexp.MustCompile(`permission denied for ((?:table|view|schema|sequence|function|foreign table|materialized view) \S+)$`)
)

// denied says which right is missing, where the server's own words do.
func (x *examination) denied(f *connectors.Finding, words *dialect.Fault) {
	if m := deniedObject.FindStringSubmatch(strings.TrimSuffix(words.Error(), " (SQLSTATE 42501)")); m != nil {
		f.Message += ": on " + m[1]
	}
	m := deniedCommand.FindStringSubmatch(words.Error())
	if m == nil {
		return
	}
	var list []dialect.Right
	for _, privilege := range strings.Split(m[1], ",") {
		list = append(list, dialect.Right{Privilege: strings.TrimSpace(privilege), Column: m[2]})
	}
	object := strings.NewReplacer("`", "", "'", "").Replace(m[3])
	x.lack(f, list, object, object)
}

// lack writes into a finding which rights are missing.
func (x *examination) lack(f *connectors.Finding, lacking []dialect.Right, object, table string) {
	var privileges, said []string
	columns := map[string][]string{}
	for _, r := range lacking {
		if !slices.Contains(privileges, r.Privilege) {
			privileges = append(privileges, r.Privilege)
		}
		if r.Column != "" && !slices.Contains(columns[r.Privilege], r.Column) {
			columns[r.Privilege] = append(columns[r.Privilege], r.Column)
		}
	}
	for _, p := range privileges {
		if len(columns[p]) > 0 {
			p += " (" + strings.Join(columns[p], ", ") + ")"
		}
		said = append(said, p)
	}
	f.Message = fmt.Sprintf("the account lacks %s on %s", strings.Join(said, ", "), object)
	f.Cure = fmt.Sprintf("have the DBA run: GRANT %s ON %s TO %s", strings.Join(privileges, ", "), table, x.account())
}

// account is who logs in, as GRANT takes it.
func (x *examination) account() string {
	if user := x.Cfg.Account(x.D); user != "" && x.D.Grantee != nil {
		return x.D.Grantee(user)
	}
	return "the agent's account"
}
