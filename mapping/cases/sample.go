package cases

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/mask"
	"github.com/inbasket/inbasket/mapping/source"
)

// Sample is a form that somebody sent, of which a case is to be made.
type Sample struct {
	Form        []byte
	Attachments []connectors.Attachment
	Returned    map[string]connectors.Value // WRITE.FIELD to value
	Keep        []string                    // fields that are no personal data, as ways with dots
}

// Masked is the form without what the citizen wrote, which goes the same way through the mapping.
type Masked struct {
	Sample
	Kept      []string // fields that stay as they are, and why
	Unchecked []string // check digits that a mask has lost
}

// sampleTries bounds how many masks of one text are sent through the mapping.
const sampleTries = 300

// masking is the search for masks of all texts of a form.
type masking struct {
	p       *mapping.Plan
	sample  Sample
	by      *mask.Masker
	want    string            // the way of the form as it came
	texts   []string          // in their order
	masks   map[string]string // found so far
	stays   map[string]string // why
	taken   map[string]bool   // texts of the form, and masks
	decides map[string]bool
}

// Mask replaces the texts and numbers of a form, each by one mask wherever it stands, so that the form still goes the same way: it is written alike, or
// refused by the same code at the same field. What the schema or a lookup lists stays, and so does what decides a condition or a rule if no mask of it
// decides alike. It is an error where anything else has no such mask: nothing is left as it is to make it fit.
func Mask(p *mapping.Plan, s Sample, by *mask.Masker) (*Masked, error) {
	m := &masking{p: p, sample: s, by: by, masks: map[string]string{}, stays: map[string]string{}, taken: map[string]bool{}}
	var keys map[string]bool
	m.want, keys = way(p, s)
	if _, err := mask.Texts(p.Format(), s.Form, m.note); err != nil {
		return nil, fmt.Errorf("this form cannot be masked: %w; write the case by hand", err)
	}
	for _, a := range s.Attachments {
		m.note(a.Name)
	}
	for _, v := range s.Returned {
		if text, ok := value.FromConnector(v).Text(); ok {
			m.note(text)
		}
	}
	m.stand(keys)
	if again, _ := way(p, m.masked()); again != m.want {
		return nil, errors.New("what is made of this form hangs on the content of its attachments, which cannot be masked; write the case by hand")
	}
	for _, text := range m.texts {
		if err := m.find(text); err != nil {
			return nil, err
		}
	}
	out := &Masked{Sample: m.masked()}
	out.Kept, out.Unchecked = m.told()
	return out, nil
}

// note takes a text into the list of those that are masked.
func (m *masking) note(text string) string {
	if !m.taken[text] {
		m.taken[text] = true
		m.texts = append(m.texts, text)
	}
	return text
}

// stand finds the texts that stay, and those that decide.
func (m *masking) stand(keys map[string]bool) {
	for _, word := range []string{"true", "false"} {
		m.stays[word] = "it is true or false"
	}
	form, err := m.p.Decode(m.sample.Form, "")
	if err != nil {
		return
	}
	t := m.p.Texts(form)
	m.decides = t.Decides
	for text := range t.Listed {
		m.stays[text] = "the schema lists it"
	}
	for _, text := range m.texts {
		if keys[strings.TrimSpace(text)] || keys[strings.ToUpper(strings.TrimSpace(text))] || keys[strings.ToLower(strings.TrimSpace(text))] {
			m.stays[text] = "a lookup has it"
		}
	}
	m.fields(form, func(field, text string) {
		if slices.ContainsFunc(m.sample.Keep, func(k string) bool { return field == k || strings.HasPrefix(field, k+".") }) {
			m.stays[text] = "it was to be kept"
		}
	})
}

// fields calls f for the texts of a form with their fields.
func (m *masking) fields(form mapping.Form, f func(field, text string)) {
	mapping.EachText(mapping.Tree(form), func(at []string, text string) {
		f(strings.Join(slices.DeleteFunc(slices.Clone(at), func(s string) bool { return s == "" }), "."), text)
	})
}

// find looks for a mask of a text by which the form goes the same way, beside the masks that were found before.
func (m *masking) find(text string) error {
	if m.stays[text] != "" || !mask.Maskable(text) {
		return nil
	}
	tries := 0
	for x := range m.by.Masks(text) {
		if m.taken[x] && len(text) > 2 { // else two fields would become the same; of the shortest texts there are too few
			continue
		}
		m.masks[text] = x
		if have, _ := way(m.p, m.masked()); have == m.want {
			m.taken[x] = true
			return nil
		}
		if tries++; tries == sampleTries {
			break
		}
	}
	delete(m.masks, text)
	if m.decides[text] {
		m.stays[text] = "a condition or rule reads it, and no mask of it decides alike"
		return nil
	}
	field := "an attachment's name, or a value that a target returned,"
	if form, err := m.p.Decode(m.sample.Form, ""); err == nil {
		m.fields(form, func(f, t string) {
			if t == text {
				field = f
			}
		})
	}
	return fmt.Errorf("no mask of %s goes the same way through the mapping, so no case is made; if it is no personal data say --keep %s, or write the case by hand", field, strings.Fields(field)[0])
}

// masked is the sample with all masks that there are so far; what its attachments hold goes in any case.
func (m *masking) masked() Sample {
	out := Sample{Returned: map[string]connectors.Value{}}
	out.Form, _ = mask.Texts(m.p.Format(), m.sample.Form, m.mask) // it was read before
	for i, a := range m.sample.Attachments {
		a.Name, a.Blob = m.mask(a.Name), connectors.BytesBlob(fmt.Appendf(nil, "attachment %d\n", i+1))
		out.Attachments = append(out.Attachments, a)
	}
	for name, v := range m.sample.Returned {
		if text, ok := value.FromConnector(v).Text(); ok {
			switch x := m.mask(text); v.Kind {
			case connectors.Integer:
				v.Int, _ = strconv.ParseInt(x, 10, 64)
			case connectors.Text, connectors.Decimal, connectors.Date:
				v.Str = x
			}
		}
		out.Returned[name] = v
	}
	return out
}

func (m *masking) mask(text string) string { return cmp.Or(m.masks[text], text) }

// told says which fields stay as they are, and which check digits were lost.
func (m *masking) told() (kept, unchecked []string) {
	form, err := m.p.Decode(m.sample.Form, "")
	if err != nil {
		return nil, nil
	}
	m.fields(form, func(field, text string) {
		if why := m.stays[text]; why != "" {
			kept = append(kept, field+": "+why)
		}
		if x := m.masks[text]; x != "" {
			for _, lost := range mask.Lost(text, x) {
				unchecked = append(unchecked, field+": the mask is not is"+lost)
			}
		}
	})
	slices.Sort(kept)
	slices.Sort(unchecked)
	return slices.Compact(kept), slices.Compact(unchecked)
}

// way is how a form goes through a mapping, as a text that is the same for another one that goes alike, and the keys of lookups that it has.
func way(p *mapping.Plan, s Sample) (text string, keys map[string]bool) {
	seen, keys := map[value.Place]int{}, map[string]bool{}
	mapped, _, err := try(p, s.Form, s.test(p), s.Attachments, func(at value.Place) {
		if seen[at]++; at.Kind == value.PlaceKey {
			keys[at.Outcome] = true
		}
	})
	var lines []string
	for at, n := range seen {
		lines = append(lines, fmt.Sprint(at, n))
	}
	slices.Sort(lines)
	var wrong *mapping.MapError
	switch {
	case errors.As(err, &wrong):
		for _, f := range wrong.Fields {
			lines = append(lines, "rejected "+f.Pointer+" "+f.Code)
		}
	case err != nil:
		at := parkedBy(err)
		lines = append(lines, "parked "+at.Pointer+" "+at.Code)
	default:
		lines = append(lines, written(mapped)...)
	}
	return strings.Join(lines, "\n"), keys
}

// written says which records there are and of which kinds their values, without any content.
func written(m *mapping.Mapped) (lines []string) {
	for _, d := range m.Deliveries {
		lines = append(lines, fmt.Sprint(d.Target, d.Empty, d.Needs, len(d.Documents)))
		for _, r := range d.Records {
			line := r.Shape.Write
			for _, v := range r.Values {
				line += fmt.Sprintf(" %d", v.Kind)
				if v.Kind == connectors.Reference {
					line += fmt.Sprint(v.Str, v.Int)
				}
			}
			lines = append(lines, line)
		}
	}
	for _, n := range m.Notes {
		lines = append(lines, fmt.Sprint(n.Write, n.Field, n.Pointer))
	}
	return append(lines, m.Unknown...)
}

// test is a case with what the targets returned, as far as a case can say it.
func (s Sample) test(p *mapping.Plan) source.Case {
	t := source.Case{Returns: map[string]map[string]any{}}
	returning := p.Returning()
	for name, v := range s.Returned {
		write, column, _ := strings.Cut(name, ".")
		if p.Many(write) || !slices.Contains(returning[write], column) {
			continue
		}
		if t.Returns[write] == nil {
			t.Returns[write] = map[string]any{}
		}
		t.Returns[write][column] = value.FromConnector(v)
	}
	return t
}
