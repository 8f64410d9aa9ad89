package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// application is the form of the benchmark: 25 fields, 2 KiB of JSON, 0 to 5 dependants.
type application struct {
	Meta struct {
		Reference   string `json:"reference"`
		SubmittedAt string `json:"submittedAt"`
		Language    string `json:"language"`
	} `json:"meta"`
	Kind      string `json:"kind"`
	Applicant struct {
		GivenName     string `json:"givenName"`
		FamilyName    string `json:"familyName"`
		BirthDate     string `json:"birthDate"`
		Email         string `json:"email"`
		Phone         string `json:"phone"`
		TaxID         string `json:"taxId"`
		Nationality   string `json:"nationality"`
		MaritalStatus string `json:"maritalStatus"`
	} `json:"applicant"`
	Address struct {
		Street      string `json:"street"`
		HouseNumber string `json:"houseNumber"`
		PostalCode  string `json:"postalCode"`
		City        string `json:"city"`
		Country     string `json:"country"`
	} `json:"address"`
	Employment struct {
		Employer      string      `json:"employer"`
		Occupation    string      `json:"occupation"`
		MonthlyIncome json.Number `json:"monthlyIncome"`
	} `json:"employment"`
	Bank struct {
		IBAN   string `json:"iban"`
		BIC    string `json:"bic"`
		Holder string `json:"holder"`
	} `json:"bank"`
	Consent    bool        `json:"consent"`
	Remarks    string      `json:"remarks"`
	Dependants []dependant `json:"dependants"`
}

type dependant struct {
	GivenName  string `json:"givenName"`
	FamilyName string `json:"familyName"`
	BirthDate  string `json:"birthDate"`
	Relation   string `json:"relation"`
}

var (
	given    = strings.Fields("Anna Björn Chloé Dmitri Elif François Grete Håkon Inés Jürgen Kaja Łukasz Mária Niels Olga Þór Renée Søren Tomáš Zoë")
	family   = strings.Fields("Müller Nguyễn O'Brien García Jørgensen Kowalski Šimek Öztürk Dubois van-der-Berg Ivanova Hansen Weiß Rossi Papadopoulos")
	streets  = strings.Fields("Hauptstraße Kirchgasse Lindenallee Bahnhofstraße Mühlenweg Schloßplatz Gartenstraße")
	cities   = strings.Fields("Musterstadt Königsbrück Altöttingen Neuß Schwäbisch-Hall Görlitz")
	relation = strings.Fields("child spouse parent sibling")
	words    = strings.Fields("please note that the previous application was made in spring and that the documents lie at the office for the household of four persons since then")
)

// form returns the n-th form of a seed. The same seed and number give the same bytes for ever.
func form(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	date := func(from, to int) string {
		return time.Date(from+r.IntN(to-from), time.Month(1+r.IntN(12)), 1+r.IntN(28), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	var a application
	a.Meta.Reference = fmt.Sprintf("BENCH-%08d", n)
	a.Meta.SubmittedAt = time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC).Format(time.RFC3339)
	a.Meta.Language, a.Kind = "de", pick([]string{"new", "change", "renewal"})
	a.Applicant.GivenName, a.Applicant.FamilyName = pick(given), pick(family)
	a.Applicant.BirthDate = date(1940, 2006)
	a.Applicant.Email = fmt.Sprintf("person%d@mail.example", n)
	a.Applicant.Phone = fmt.Sprintf("+49 30 %07d", r.IntN(1e7))
	a.Applicant.TaxID = fmt.Sprintf("%011d", r.Int64N(1e11))
	a.Applicant.Nationality, a.Applicant.MaritalStatus = "DE", pick([]string{"single", "married", "widowed", "divorced"})
	a.Address.Street, a.Address.HouseNumber = pick(streets), fmt.Sprint(1+r.IntN(200))
	a.Address.PostalCode, a.Address.City, a.Address.Country = fmt.Sprintf("%05d", r.IntN(1e5)), pick(cities), "DE"
	a.Employment.Employer, a.Employment.Occupation = pick(family)+" GmbH & Co. KG", pick([]string{"baker", "nurse", "clerk", "welder"})
	a.Employment.MonthlyIncome = json.Number(fmt.Sprintf("%d.%02d", 900+r.IntN(5000), r.IntN(100)))
	a.Bank.IBAN, a.Bank.BIC = fmt.Sprintf("DE%020d", r.Int64N(1e18)), "MUSTDEFFXXX"
	a.Bank.Holder = a.Applicant.GivenName + " " + a.Applicant.FamilyName
	a.Consent = true
	a.Dependants = []dependant{}
	for range r.IntN(6) {
		a.Dependants = append(a.Dependants, dependant{pick(given), a.Applicant.FamilyName, date(1990, 2026), pick(relation)})
	}
	return pad(a, r)
}

// pad fills the remarks so that the form has about 2 KiB.
func pad(a application, r *rand.Rand) []byte {
	const size = 2048
	b := encode(a)
	var remarks strings.Builder
	for len(b)+remarks.Len() < size-10 {
		remarks.WriteString(words[r.IntN(len(words))] + " ")
	}
	a.Remarks = strings.TrimSpace(remarks.String())
	return encode(a)
}

func encode(a application) []byte {
	b, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		panic(err) // a struct of texts and numbers always encodes
	}
	return append(b, '\n')
}

// asXML returns the same form as XML; what repeats is an element each.
func asXML(form []byte) ([]byte, error) {
	in := json.NewDecoder(bytes.NewReader(form))
	in.UseNumber()
	var out bytes.Buffer
	var element func(name string) error
	element = func(name string) error {
		t, err := in.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('['):
			for in.More() {
				if err := element(name); err != nil {
					return err
				}
			}
			_, err := in.Token()
			return err
		case json.Delim('{'):
			out.WriteString("<" + name + ">\n")
			for in.More() {
				member, err := in.Token()
				if err != nil {
					return err
				}
				if err := element(fmt.Sprint(member)); err != nil {
					return err
				}
			}
			out.WriteString("</" + name + ">\n")
			_, err := in.Token()
			return err
		}
		out.WriteString("<" + name + ">")
		err = xml.EscapeText(&out, fmt.Append(nil, t))
		out.WriteString("</" + name + ">\n")
		return err
	}
	err := element("application")
	return out.Bytes(), err
}

// write puts the forms from first up to last into dir as NAME.json or NAME.xml.
func write(dir string, seed uint64, first, last int, inXML bool) error {
	if err := os.MkdirAll(filepath.Join(dir, "done"), 0o755); err != nil {
		return err
	}
	for i := first; i < last; i++ {
		f, ending := form(seed, i), "json"
		if inXML {
			var err error
			if f, err = asXML(f); err != nil {
				return err
			}
			ending = "xml"
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("form-%08d.%s", i, ending)), f, 0o644); err != nil {
			return err
		}
	}
	return nil
}
