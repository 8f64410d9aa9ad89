package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"
)

// msiFiles are what wixl makes the package of, and tables in the form of Windows Installer's tools with what wixl cannot say, or
// says in another order each time. In Upgrade, attribute 1 keeps chosen features, 2 only finds, 256 and 512 count the lowest and
// highest version as well. In Environment, = sets, - removes, * is for the machine, and [~] is what was there.
//
//go:embed msi/*.wxs msi/*.idt
var msiFiles embed.FS

// upgradeCode is what all versions of the product have in common. It never changes: by it a new version finds
// the one that it replaces.
const upgradeCode = "6F1C9E0E-5F0B-4D0C-9B0B-2B8D3A6F7C11"

// step is something that the program itself does while Windows Installer works. The service is made, mended and
// removed by the program: Windows Installer knows neither recovery after errors, nor the time to stop before the
// machine shuts down, nor rights by security identifier.
type step struct {
	Name      string
	Kind      int    // see runs
	Command   string // arguments of inbasket.exe; [NAME] is a property
	condition string
	place     int // in the sequence of Windows Installer
}

// How the program is run: 18 a program of the package, in its turn (1024), as SYSTEM (2048); 64 whatever code it
// ends with, 256 only when the installation is rolled back.
const (
	runs       = 18 + 1024 + 2048
	anyCode    = 64
	atRollback = 256
)

// steps are in the order in which they are done.
var steps = []step{
	{"HaltServices", runs, "service package halt", `UPGRADINGPRODUCTCODE AND REMOVE="ALL"`, 1810},
	{"RemoveService", runs + anyCode, "service package remove", `REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE`, 1820},
	{"UndoService", runs + anyCode + atRollback, "service package remove", "NOT Installed AND NOT OLDERFOUND", 4010},
	{"InstallService", runs, `service package install --config "[CONFIG_FILE]" --listen "[LISTEN]" --nostart "[NOSTART]"`, `NOT REMOVE="ALL"`, 6410},
}

// others are actions of Windows Installer itself. The old version goes within the transaction, so that it comes back if the new one fails.
var others = []step{{Name: "RemoveExistingProducts", place: 1510}, {Name: "RemoveEnvironmentStrings", place: 3300}, {Name: "WriteEnvironmentStrings", place: 5200}}

// properties are what msiexec may be told, and what the look for other versions found.
const properties = "CONFIG_FILE;LISTEN;NOSTART;NEWERFOUND;OLDERFOUND"

// product is one version of the package.
type product struct {
	release
	Number                          string // what Windows Installer compares: three numbers
	UpgradeCode, Upgrades, Link     string // Upgrades is the code in braces
	Program, ProgramComponent, Tree string
	Components                      []string
	Steps                           []step
	ProductCode, packageCode        string
	signer                          signer
}

var leading = regexp.MustCompile(`^v?(\d+)\.(\d+)\.(\d+)(?:[~+-].*)?$`)

// productOf makes a product of a version such as 1.2.3~rc.1. Windows Installer compares three numbers only, so
// builds before and after a version count as that version: each replaces the other.
func productOf(r release) (*product, error) {
	p := &product{release: r, UpgradeCode: upgradeCode, Upgrades: "{" + upgradeCode + "}", Link: homepage, Steps: steps,
		Program: id("f", programName), ProgramComponent: id("c", programName)}
	m := leading.FindStringSubmatch(r.Version)
	if m == nil {
		return p, fmt.Errorf("%q is no version; write one such as 1.2.3", r.Version)
	}
	for i, limit := range []int{255, 255, 65535} {
		if n, err := strconv.Atoi(m[i+1]); err != nil || n > limit {
			return p, fmt.Errorf("%q: Windows Installer takes at most 255.255.65535", r.Version)
		}
	}
	p.Number = strings.Join(m[1:4], ".")
	return p, nil
}

// msi builds the program, and makes the package of Windows with its bill of materials.
func msi(ctx context.Context, r release, out, program string) error {
	p, err := productOf(r)
	if err != nil {
		return err
	}
	if err := build(ctx, r, "windows", "amd64", program); err != nil {
		return err
	}
	p.signer = signer{os.Getenv("SIGN_CERT"), os.Getenv("SIGN_KEY"), os.Getenv("SIGN_TIME")}
	name := filepath.Join(out, fmt.Sprintf("inbasket_%s_windows_amd64", r.Version))
	return errors.Join(p.make(ctx, program, name+".msi"), writeSBOM(program, name+".cdx.json", r))
}

// make writes the package to target.
func (p *product) make(ctx context.Context, program, target string) error {
	work, err := os.MkdirTemp("", "inbasket-msi")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	signed := filepath.Join(work, programName)
	if err := p.signer.sign(ctx, program, signed); err != nil {
		return err
	}
	entries, err := windowsContents(signed, filepath.Join(work, "files"))
	if err != nil {
		return err
	}
	if err := p.describe(entries, work); err != nil {
		return err
	}
	made := filepath.Join(work, "inbasket.msi")
	if err := p.fill(work); err != nil {
		return err
	}
	if err := tool(ctx, work, "wixl", "-a", "x64", "-o", made, "inbasket.wxs"); err != nil {
		return err
	}
	if err := p.finish(ctx, work, made); err != nil {
		return err
	}
	return p.signer.sign(ctx, made, target)
}

// describe sets the times of all files, and gives the package the codes that tell it from all others.
func (p *product) describe(entries []entry, work string) (err error) {
	h := sha256.New()
	for _, e := range entries {
		if err := os.Chtimes(e.src, p.Time, p.Time); err != nil {
			return err
		}
		text, err := os.ReadFile(e.src)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n", e.dst, len(text))
		h.Write(text)
		p.Components = append(p.Components, id("c", e.dst))
	}
	sum := hex.EncodeToString(h.Sum(nil))
	p.ProductCode, p.packageCode = identifier("product", p.Version, sum), identifier("package", p.Version, sum)
	p.Tree, err = treeOf(entries, work)
	return err
}

// fill writes the source of the package and its tables.
func (p *product) fill(work string) error {
	all, err := template.ParseFS(msiFiles, "msi/*")
	if err != nil {
		return err
	}
	for _, t := range all.Templates() {
		var b bytes.Buffer
		if err := t.Execute(&b, p); err != nil {
			return err
		}
		text := b.Bytes()
		if strings.HasSuffix(t.Name(), ".idt") {
			text = windowsLines(text)
		}
		if err := writeFile(filepath.Join(work, t.Name()), text); err != nil {
			return err
		}
	}
	return nil
}

// finish puts in what wixl cannot say, and takes time and chance out of the package. It goes one by one: the order is part of the package.
func (p *product) finish(ctx context.Context, work, made string) error {
	orders := [][]string{{"-i", "Upgrade.idt"}, {"-i", "CustomAction.idt"}, {"-i", "Environment.idt"},
		{"-q", "UPDATE `Property` SET `Value` = '" + properties + "' WHERE `Property` = 'SecureCustomProperties'"}}
	for _, s := range append(others, steps...) {
		orders = append(orders, []string{"-q", fmt.Sprintf("INSERT INTO `InstallExecuteSequence` (`Action`, `Condition`, `Sequence`) VALUES ('%s', '%s', %d)", s.Name, s.condition, s.place)})
	}
	for _, order := range orders {
		if err := tool(ctx, work, "msibuild", append([]string{made}, order...)...); err != nil {
			return fmt.Errorf("%s: %w", order, err)
		}
	}
	text, err := os.ReadFile(made)
	if err != nil {
		return err
	}
	if err := settle(text, p.packageCode, p.Time); err != nil {
		return err
	}
	return os.WriteFile(made, text, 0o644)
}

// tool runs a command in a folder; what it says is told when it fails only.
func tool(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	err := loud(cmd)
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is not here; install it by: apt-get install wixl msitools osslsigncode", name)
	}
	return err
}

// identifier returns a UUID made from words: the same words give the same one.
func identifier(words ...string) string {
	sum := sha1.Sum([]byte(upgradeCode + "\x00" + strings.Join(words, "\x00"))) // as UUIDs of version 5 have it; no protection
	return strings.ToUpper(uuid([16]byte(sum[:16]), 5))
}

// signer signs what Windows runs, when there is a key.
type signer struct{ cert, key, stampURL string }

// sign copies a program or a package to another place, signed when there is a key.
func (s signer) sign(ctx context.Context, from, to string) error {
	if s.cert == "" && s.key == "" {
		text, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return writeFile(to, text)
	}
	if s.cert == "" || s.key == "" {
		return errors.New("to sign, give both SIGN_CERT and SIGN_KEY")
	}
	args := []string{"sign", "-certs", s.cert, "-key", s.key, "-h", "sha256", "-n", "Inbasket", "-i", homepage}
	if s.stampURL != "" {
		args = append(args, "-ts", s.stampURL)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), tool(ctx, "", "osslsigncode", append(args, "-in", from, "-out", to)...)); err != nil {
		return fmt.Errorf("sign %s: %w", from, err)
	}
	return nil
}
