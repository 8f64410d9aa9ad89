package intake

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// maxBeside bounds the names that are remembered of one look at the folder.
const maxBeside = 1 << 16

// beside is what lies in the folder and may belong to forms, by names in which case and composition do not count: a
// form's own name is matched like that, too.
type beside struct {
	at       time.Time // when the names were looked at
	unseen   error     // why they could not be
	names    map[string][]string
	numbered map[string]numbered // by a pattern's name with {n} in it
	forms    map[string][]string // the forms, by their folded stems; nil: not asked for yet
}

// numbered is the last of a form's numbered attachments.
type numbered struct {
	n    int
	name string
}

// fold makes names alike that differ only in case or in how accents are written.
func fold(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// besideForms looks at all names. To ask for files that are not there costs 10 µs a form in a large folder, a quarter
// of all; a name in a listing costs 0.3 µs.
func (s *source) besideForms(ctx context.Context, now time.Time) (*beside, error) {
	b := &beside{at: now, names: map[string][]string{}, numbered: map[string]numbered{}}
	if s.next.listed != nil {
		for name := range s.next.listed {
			s.addBeside(b, name)
		}
		return b, nil
	}
	return b, s.eachName(ctx, "", func(name string) error {
		s.addBeside(b, name)
		return nil
	})
}

// eachName calls each for the names in a folder.
func (s *source) eachName(ctx context.Context, folder string, each func(name string) error) error {
	return place.Each(ctx, s.place, folder, func(e place.Info) error { return each(e.Name) })
}

func (s *source) addBeside(b *beside, name string) {
	if len(b.names) >= maxBeside || s.isForm(name) {
		return
	}
	belongs, folded := len(s.list) > 0, ""
	for _, pattern := range s.cfg.Attachments.Beside {
		tail := pattern[strings.LastIndexByte(pattern, '}')+1:]
		if len(name) < len(tail) || !strings.EqualFold(name[len(name)-len(tail):], tail) {
			continue
		}
		belongs = true
		if strings.HasSuffix(pattern, "{n}"+tail) {
			folded = fold(name)
			head := folded[:len(folded)-len(tail)]
			stem := strings.TrimRight(head, "0123456789")
			key := stem + "{n}" + fold(tail)
			if n, err := strconv.Atoi(head[len(stem):]); err == nil && n > b.numbered[key].n {
				b.numbered[key] = numbered{n, name}
			}
		}
	}
	if belongs && !rules.Unfinished(name) {
		if folded == "" {
			folded = fold(name)
		}
		b.names[folded] = append(b.names[folded], name)
	}
}

// besideOf returns names that were looked at after the form had come to stand still, at most once a moment.
func (s *source) besideOf(ctx context.Context, g *candidate) *beside {
	n := &s.next
	now := s.env.Clock.Now()
	b := n.beside
	if b == nil || !b.at.Equal(now) && (!n.trusted || b.unseen != nil || !b.at.After(g.form.Touched)) {
		var err error
		b, err = s.besideForms(ctx, now)
		b.unseen, n.beside = err, b
	}
	g.blind(b.unseen)
	return b
}

// variants are the files that a name may mean, none of which has exactly that name.
func (s *source) variants(ctx context.Context, g *candidate, name string) (found []string) {
	for _, v := range s.besideOf(ctx, g).names[fold(name)] {
		if v != name && s.whose(ctx, g, v) != toAnother {
			found = append(found, v)
		}
	}
	return found
}

// The ways in which an attachment can belong to a form.
type belongs int

const (
	toIt belongs = iota
	toAnother
	toBoth // as much another's
)

// whose tells whose an attachment is that patterns name for several forms: that of the longest name, as x-1.pdf is
// rather x-1.json's than x.json's; of names that differ only in case or ending, that of the form that is spelled like it.
func (s *source) whose(ctx context.Context, g *candidate, attachment string) belongs {
	forms := s.formsBeside(ctx, g)
	own, spelled, named := fold(rules.Stem(g.form.Name)), map[string]bool{}, false
	for _, owner := range s.owners(attachment) {
		folded := fold(owner)
		spelled[owner], named = true, named || folded == own
		if len(folded) > len(own) && len(forms[folded]) > 0 {
			return toAnother
		}
	}
	if !named {
		return toIt // by a list of its own
	}
	answer, mine := toIt, spelled[rules.Stem(g.form.Name)]
	for _, rival := range forms[own] {
		if theirs := spelled[rules.Stem(rival)]; rival == g.form.Name || mine && !theirs {
			continue
		} else if theirs && !mine {
			return toAnother
		}
		answer = toBoth
	}
	return answer
}

// owners are the stems of the forms that patterns name an attachment for.
func (s *source) owners(attachment string) (stems []string) {
	for _, p := range s.beside {
		if m := p.FindStringSubmatch(attachment); m != nil {
			stems = append(stems, m[1])
		}
	}
	return stems
}

// ownerPattern finds the stem of the form that an attachment is named after.
func ownerPattern(beside string) *regexp.Regexp {
	text := strings.NewReplacer(`\{name\}`, "(.+)", `\{n\}`, "[1-9][0-9]*").Replace(regexp.QuoteMeta(beside))
	return regexp.MustCompile("(?is)^" + text + "$")
}

// formsBeside are the forms in the folder by their folded stems.
func (s *source) formsBeside(ctx context.Context, g *candidate) map[string][]string {
	b := s.besideOf(ctx, g)
	if b.forms != nil {
		return b.forms
	}
	forms := map[string][]string{}
	add := func(name string) error {
		if s.isForm(name) {
			key := fold(rules.Stem(name))
			forms[key] = append(forms[key], name)
		}
		return nil
	}
	if s.next.listed == nil {
		if err := s.eachName(ctx, "", add); err != nil {
			g.blind(err)
			return forms // the next form asks again
		}
	}
	for name := range s.next.listed {
		_ = add(name)
	}
	b.forms = forms
	return forms
}

// gap tells whether attachments of a form lie behind the first number that is missing.
func (s *source) gap(ctx context.Context, g *candidate, pattern string, missing int) bool {
	last := s.besideOf(ctx, g).numbered[fold(pattern)]
	return last.n > missing && s.whose(ctx, g, last.name) == toIt
}
