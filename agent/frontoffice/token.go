package frontoffice

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"

	"github.com/inbasket/inbasket/agent/httpserver"
	"github.com/inbasket/inbasket/connectors"
)

// tokenPrefix lets secret scanners find a token that leaked.
const tokenPrefix = "ibk_"

// Office is a front office as the configuration names it.
type Office struct {
	Name   string
	Tokens []string // SHA-256 of each token in hex; one, or two while one is being replaced
	Routes []string // that its forms go by
	Quota  Quota
}

// NewToken returns a fresh token of 32 random bytes with a checksum, for the front office, and its hash,
// for the agent's configuration. The token itself is kept nowhere.
func NewToken() (token, hash string) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: the runtime ends the process instead
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	token = tokenPrefix + tokenText().EncodeToString(b)
	return token, HashToken(token)
}

// HashToken returns the hash of a token as the configuration has it.
func HashToken(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

func tokenText() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// offices finds a front office by a token. It never changes; a reload puts a new one in its place.
type offices struct {
	accounts []*account // one each
	owners   []*account // of hashes
	hashes   [][sha256.Size]byte
	several  bool // more than one has a token
}

// newOffices checks the configured hashes. Accounts of before go on.
func newOffices(list []Office, before *offices) (*offices, error) {
	o := &offices{}
	seen := map[[sha256.Size]byte]bool{}
	for _, f := range list {
		x := before.account(f.Name)
		o.accounts = append(o.accounts, x)
		if len(f.Tokens) > 2 {
			return nil, tokensError("front office %s has %d tokens; two at most are valid at a time", f.Name, len(f.Tokens))
		}
		for _, t := range f.Tokens {
			b, err := hex.DecodeString(strings.TrimSpace(t))
			if err != nil || len(b) != sha256.Size {
				return nil, tokensError("a token of front office %s is not a SHA-256 hash in hex; take what \"inbasket token new\" prints", f.Name)
			}
			h := [sha256.Size]byte(b)
			if seen[h] {
				return nil, tokensError("a token of front office %s is used twice", f.Name)
			}
			seen[h] = true
			o.owners, o.hashes = append(o.owners, x), append(o.hashes, h)
			o.several = o.several || x != o.owners[0]
		}
	}
	for i, f := range list {
		o.accounts[i].configure(f)
	}
	return o, nil
}

// account returns the account of a front office, or a new one.
func (o *offices) account(name string) *account {
	for _, x := range o.accounts {
		if x.name == name {
			return x
		}
	}
	return &account{name: name, refused: map[string]int64{}}
}

func tokensError(format string, args ...any) error {
	return &connectors.Error{Class: connectors.TargetError, Code: CodeTokens, Op: "read front offices",
		Hint: "inbasket token new OFFICE makes a token", Err: fmt.Errorf(format, args...)}
}

// find returns the front office of a token. Every hash is compared, whole, so that the time taken says
// nothing about which fits.
func (o *offices) find(token string) *account {
	h := sha256.Sum256([]byte(token))
	at := -1
	for i := range o.hashes {
		at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(h[:], o.hashes[i][:]), i, at)
	}
	if at < 0 {
		return nil
	}
	return o.owners[at]
}

// authenticate finds who asks by the Authorization header. wrong tells that there was a token, and that it is not valid.
func (o *offices) authenticate(r *http.Request) (who *account, wrong bool, p *Problem) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, false, unauthorized("Bearer realm=\"inbasket\"", "a bearer token is needed in the Authorization header")
	}
	if who = o.find(token); who != nil {
		return who, false, nil
	}
	return nil, true, unauthorized(`Bearer realm="inbasket", error="invalid_token"`, "the token is not valid")
}

func unauthorized(challenge, detail string) *Problem {
	return problem(http.StatusUnauthorized, CodeToken, "%s", detail).with("WWW-Authenticate", challenge)
}

// refuseToken answers a wrong token late, without holding anything that others need: no slot is taken, and the connection
// is among the first to go.
func (a *API) refuseToken(r *http.Request, p *Problem) *Problem {
	delay, over, ok := a.strangers.Wrong(httpserver.Owner(a.proxies.Client(r)), a.clock.Now())
	defer over()
	if !ok {
		return problem(http.StatusTooManyRequests, CodeToken, "the token is not valid, and too many wrong ones come from this address").Later(delay)
	}
	select {
	case <-a.clock.After(delay):
	case <-r.Context().Done():
	case <-a.stopping:
	}
	return p
}
