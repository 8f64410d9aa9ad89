// Package wording says what is wrong with a form in the words of whoever filled it in: one table of codes, in each language. Nothing in it
// speaks of schemas, mappings or databases.
package wording

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Languages are those that there are words in.
func Languages() []string { return []string{"de", "en"} }

// phrase says one thing in each language.
type phrase struct{ en, de string }

func (p phrase) in(language string) string {
	if language == "de" {
		return p.de
	}
	return p.en
}

// message is what is said of a code: short where nothing more is known, and full with {want}, which is what the rule asks for.
type message struct{ short, full phrase }

// anything is said of what has no words of its own.
var anything = phrase{"This entry cannot be accepted as it is.", "Diese Angabe kann so nicht angenommen werden."}

var (
	missing  = message{short: phrase{"Please fill in this field.", "Bitte füllen Sie dieses Feld aus."}}
	choice   = message{short: phrase{"Please choose one of the values offered.", "Bitte wählen Sie einen der vorgegebenen Werte."}}
	tooLong  = message{phrase{"The text is too long.", "Der Text ist zu lang."}, phrase{"The text is too long (maximum length: {want}).", "Der Text ist zu lang (Höchstlänge: {want})."}}
	tooShort = message{phrase{"The text is too short.", "Der Text ist zu kurz."}, phrase{"The text is too short (minimum length: {want}).", "Der Text ist zu kurz (Mindestlänge: {want})."}}
	few      = message{phrase{"Entries are missing here.", "Hier fehlen Angaben."}, phrase{"Entries are missing here (minimum number: {want}).", "Hier fehlen Angaben (Mindestanzahl: {want})."}}
	many     = message{phrase{"There are too many entries here.", "Hier sind zu viele Angaben."}, phrase{"There are too many entries here (maximum number: {want}).", "Hier sind zu viele Angaben (Höchstanzahl: {want})."}}
	unwanted = message{short: phrase{"Please leave this field empty.", "Bitte lassen Sie dieses Feld leer."}}
	pattern  = message{short: phrase{"The entry does not have the form required.", "Die Angabe hat nicht die verlangte Form."}}
	expected = message{phrase{"Another kind of entry is needed here.", "Hier wird eine andere Art von Angabe benötigt."}, phrase{"Please enter {want} here.", "Bitte geben Sie hier {want} an."}}
	small    = message{short: phrase{"The number is too small.", "Die Zahl ist zu klein."}}
	digits   = message{phrase{"The number is too large.", "Die Zahl ist zu groß."}, phrase{"The number has too many digits before the decimal point (maximum number: {want}).", "Die Zahl hat zu viele Stellen vor dem Komma (Höchstanzahl: {want})."}}
	decimals = message{phrase{"The number has too many decimal places.", "Die Zahl hat zu viele Nachkommastellen."}, phrase{"The number has too many decimal places (maximum number: {want}).", "Die Zahl hat zu viele Nachkommastellen (Höchstanzahl: {want})."}}
	sign     = message{short: phrase{"The entry has a character that cannot be accepted.", "Die Angabe enthält ein Zeichen, das nicht angenommen werden kann."}}
	noTime   = message{short: phrase{"This time does not exist on that day: the clocks were changed.", "Diese Uhrzeit gibt es an dem Tag nicht: Die Uhren wurden umgestellt."}}
)

// just says that one of the things below is needed.
func just(want string) message {
	w := wants[want]
	return message{short: phrase{strings.Replace(expected.full.en, "{want}", w.en, 1), strings.Replace(expected.full.de, "{want}", w.de, 1)}}
}

// wants are what a rule asks for by a word of JSON Schema.
var wants = map[string]phrase{
	"string": {"a text", "einen Text"}, "integer": {"a whole number", "eine ganze Zahl"}, "number": {"a number", "eine Zahl"}, "boolean": {"yes or no", "Ja oder Nein"},
	"array": {"a list", "eine Liste"}, "object": {"several entries", "mehrere Angaben"}, "null": {"nothing", "nichts"},
	"date": {"a valid date", "ein gültiges Datum"}, "time": {"a valid time", "eine gültige Uhrzeit"}, "date-time": {"a valid date and time", "ein gültiges Datum mit Uhrzeit"},
	"duration": {"a valid length of time", "eine gültige Zeitdauer"}, "email": {"a valid email address", "eine gültige E-Mail-Adresse"},
	"idn-email": {"a valid email address", "eine gültige E-Mail-Adresse"}, "uri": {"a valid internet address", "eine gültige Internetadresse"},
	"iri": {"a valid internet address", "eine gültige Internetadresse"},
}

// messages by code. The codes of a mapping's own rules have their own words.
var messages = map[string]message{
	"schema.type": expected, "schema.format": {pattern.short, expected.full}, "schema.enum": choice, "schema.const": choice, "schema.pattern": pattern,
	"schema.min-length": tooShort, "schema.max-length": tooLong, "schema.min-items": few, "schema.max-items": many,
	"schema.minimum": small, "schema.maximum": {short: digits.short}, "schema.multiple-of": decimals.without(),
	"schema.unknown-field": unwanted, "schema.false-schema": unwanted, "schema.property-names": unwanted,
	"schema.alternatives":   {short: phrase{"These entries do not fit together, or one is missing.", "Diese Angaben passen nicht zusammen, oder es fehlt eine."}},
	"schema.min-properties": few, "schema.max-properties": many, "schema.unique-items": {short: phrase{"This entry is there twice.", "Diese Angabe ist doppelt."}},
	"schema.additional-items": many.without(), "schema.contains": few.without(), "schema.min-contains": few, "schema.max-contains": many,
	"schema.not": {short: anything}, "schema.dependent-required": missing, "schema.dependency": missing,
	"schema.content-encoding": pattern, "schema.content-media-type": pattern,

	"field.missing": missing, "field.null": missing, "field.empty": missing, "field.not-text": just("string"), "field.not-a-number": just("number"),
	"field.not-an-integer": just("integer"), "field.not-a-boolean": just("boolean"), "field.not-a-date": just("date"), "field.not-a-list": just("array"),
	"field.not-binary": pattern, "field.not-a-single-value": expected.without(), "field.too-long": tooLong, "field.unmappable": sign, "field.too-large": digits,
	"field.too-many-decimals": decimals, "field.not-in-list": choice, "field.cannot-compare": expected.without(), "field.division-by-zero": {short: anything},
	"field.out-of-range": {short: phrase{"This entry is outside of what is possible.", "Diese Angabe liegt außerhalb des Möglichen."}}, "field.no-such-time": noTime,
	"field.checksum": {short: phrase{"This number is not right. Please check for mistyped digits.", "Diese Nummer stimmt nicht. Bitte prüfen Sie sie auf Tippfehler."}}, "field.other-pattern": pattern,
	"field.rejected": {short: anything},

	"encode.too-long": tooLong.without(), "encode.unmappable": sign, "encode.control": sign, "encode.xml-character": sign, "encode.quote": sign,
	"encode.type": expected.without(), "encode.precision": decimals.without(), "encode.negative": small, "encode.zone": just("date-time"), "encode.required": missing,
}

func (m message) without() message { return message{short: m.short} }

// Known are the codes that there are words for, sorted.
func Known() []string { return slices.Sorted(maps.Keys(messages)) }

// Say says in a language what a code means to whoever filled in the form. want is what the rule asks for: a number, or words of JSON
// Schema; where there are no words for one it is left out.
func Say(language, code, want string) string {
	m, ok := messages[code]
	if !ok {
		return anything.in(language)
	}
	var asked []string
	words := strings.Fields(want)
	for _, w := range words {
		p, named := wants[w]
		switch {
		case strings.Trim(w, "0123456789") == "":
			asked = append(asked, w)
		case !named:
			return m.short.in(language)
		case w != "null" || len(words) == 1:
			asked = append(asked, p.in(language))
		}
	}
	if len(asked) == 0 || m.full.en == "" {
		return m.short.in(language)
	}
	return strings.Replace(m.full.in(language), "{want}", strings.Join(asked, phrase{" or ", " oder "}.in(language)), 1)
}

// Reference writes docs/reference/messages.md.
func Reference(w io.Writer) {
	fmt.Fprint(w, "# Messages for whoever filled in a form\n\n<!-- Made by \"go generate ./mapping/wording\"; do not edit. -->\n\n"+
		"What a [field error](../front-office.md#field-errors) says where the mapping names `input.language`. `texts` of the mapping replace them, by field and code.\n\n"+
		"| code | en | de |\n|---|---|---|\n")
	for _, code := range Known() {
		m := messages[code]
		if m.full.en == "" {
			m.full = m.short
		}
		fmt.Fprintf(w, "| `%s` | %s | %s |\n", code, m.full.en, m.full.de)
	}
}
