package sqldb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// judge asks the server what it thinks of a statement, and returns why it would refuse it; nil: it would not.
func (x *examination) judge(ctx context.Context, st statement, what string) (*connectors.Finding, error) {
	st.sql, st.rows, st.each, st.outs = x.d.inspector.explain+st.sql, true, nil, 0
	_, err := x.s.run(ctx, []statement{st}, false, false)
	var f *fault
	if err == nil || !errors.As(err, &f) || !f.answered {
		return nil, err
	}
	if err := x.mend(ctx); err != nil {
		return nil, err
	}
	for _, words := range x.d.inspector.gone {
		if strings.Contains(f.Error(), words) {
			return nil, nil
		}
	}
	v := x.d.classify(f.err)
	switch {
	case v.class == connectors.Transient || v.class == connectors.Uncertain:
		return nil, err
	case v.code == CodeNotNull || v.code == CodeNoKey: // of the NULL that stands for a form's value; said by keys
		return nil, nil
	}
	out := &connectors.Finding{Code: v.code, Message: "the database refuses to " + what, Cure: v.hint, Raw: f.Error()}
	switch {
	case v.class == connectors.ItemError:
		out.Message = "the database refuses a value that is always the same, to " + what
		out.Cure = "correct it in the mapping; the database's own words, by inbasket check --connect, say which"
	case v.code == CodeGrant:
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
func (x *examination) denied(f *connectors.Finding, words *fault) {
	if m := deniedObject.FindStringSubmatch(strings.TrimSuffix(words.Error(), " (SQLSTATE 42501)")); m != nil {
		f.Message += ": on " + m[1]
	}
	m := deniedCommand.FindStringSubmatch(words.Error())
	if m == nil {
		return
	}
	var list []right
	for _, privilege := range strings.Split(m[1], ",") {
		list = append(list, right{strings.TrimSpace(privilege), m[2]})
	}
	object := strings.NewReplacer("`", "", "'", "").Replace(m[3])
	x.lack(f, list, object, object)
}

// lack writes into a finding which rights are missing.
func (x *examination) lack(f *connectors.Finding, lacking []right, object, table string) {
	var privileges, said []string
	columns := map[string][]string{}
	for _, r := range lacking {
		if !slices.Contains(privileges, r.privilege) {
			privileges = append(privileges, r.privilege)
		}
		if r.column != "" && !slices.Contains(columns[r.privilege], r.column) {
			columns[r.privilege] = append(columns[r.privilege], r.column)
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
	if user := x.cfg.account(x.d); user != "" && x.d.grantee != nil {
		return x.d.grantee(user)
	}
	return "the agent's account"
}
