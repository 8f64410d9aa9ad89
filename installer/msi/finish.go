package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// step is something that the program itself does while Windows Installer works. The service is made, mended and
// removed by the program: Windows Installer knows neither recovery after errors, nor the time to stop before the
// machine shuts down, nor rights by security identifier.
type step struct {
	name      string
	kind      int    // see runs
	command   string // arguments of inbasket.exe; [NAME] is a property
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
func steps() []step {
	return []step{
		{"HaltServices", runs, "service package halt", `UPGRADINGPRODUCTCODE AND REMOVE="ALL"`, 1810},
		{"RemoveService", runs + anyCode, "service package remove", `REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE`, 1820},
		{"UndoService", runs + anyCode + atRollback, "service package remove", "NOT Installed AND NOT OLDERFOUND", 4010},
		{"InstallService", runs, `service package install --config "[CONFIG_FILE]" --listen "[LISTEN]" --nostart "[NOSTART]"`, `NOT REMOVE="ALL"`, 6410},
	}
}

// removeOld is where the old version goes: within the transaction, so that it comes back if the new one fails.
const removeOld = 1510

// properties are what msiexec may be told, and what the look for other versions found.
const properties = "CONFIG_FILE;LISTEN;NOSTART;NEWERFOUND;OLDERFOUND"

// finish puts in what wixl cannot say, or says in another order each time, and takes the time and chance out of
// the package.
func (p product) finish(ctx context.Context, work, made, code string) error {
	for name, text := range map[string]string{"Upgrade": p.upgradeTable(), "CustomAction": actionTable(), "Environment": pathTable()} {
		table := filepath.Join(work, name+".idt")
		if err := writeFile(table, []byte(text)); err != nil {
			return err
		}
	}
	// One by one: the order is part of the package.
	for _, args := range [][]string{{"-i", "Upgrade.idt"}, {"-i", "CustomAction.idt"}, {"-i", "Environment.idt"}} {
		if err := tool(ctx, work, "msibuild", append([]string{made}, args...)...); err != nil {
			return err
		}
	}
	queries := []string{
		insert("RemoveExistingProducts", "", removeOld),
		insert("RemoveEnvironmentStrings", "", 3300),
		insert("WriteEnvironmentStrings", "", 5200),
		"UPDATE `Property` SET `Value` = '" + properties + "' WHERE `Property` = 'SecureCustomProperties'",
	}
	for _, s := range steps() {
		queries = append(queries, insert(s.name, s.condition, s.place))
	}
	for _, q := range queries {
		if err := tool(ctx, work, "msibuild", made, "-q", q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	text, err := os.ReadFile(made)
	if err != nil {
		return err
	}
	if err := settle(text, code, p.time); err != nil {
		return err
	}
	return os.WriteFile(made, text, 0o644)
}

// insert gives an action its place.
func insert(action, condition string, place int) string {
	return fmt.Sprintf("INSERT INTO `InstallExecuteSequence` (`Action`, `Condition`, `Sequence`) VALUES ('%s', '%s', %d)", action, condition, place)
}

// actionTable is the table of steps, as Windows Installer's tools write tables.
func actionTable() string {
	lines := []string{"Action\tType\tSource\tTarget\tExtendedType", "s72\ti2\tS72\tS255\tI4", "CustomAction\tAction"}
	for _, s := range steps() {
		lines = append(lines, fmt.Sprintf("%s\t%d\t%s\t%s\t", s.name, s.kind, id("f", "inbasket.exe"), s.command))
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// pathTable has the program's folder added to the machine's path, and removed with it: = sets, - removes, * is
// for the machine, and [~] is what was there.
func pathTable() string {
	lines := []string{"Environment\tName\tValue\tComponent_", "s72\tl255\tL255\ts72", "Environment\tEnvironment",
		"Path\t=-*PATH\t[~];[INSTALLDIR]\t" + id("c", "inbasket.exe")}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// upgradeTable says what is replaced and what is only found. Windows Installer's attributes: 1 features stay
// chosen, 2 only find, 256 and 512 the lowest and highest version count as well.
func (p product) upgradeTable() string {
	lines := []string{
		"UpgradeCode\tVersionMin\tVersionMax\tLanguage\tAttributes\tRemove\tActionProperty",
		"s38\tS20\tS20\tS255\ti4\tS255\ts72",
		"Upgrade\tUpgradeCode\tVersionMin\tVersionMax\tLanguage\tAttributes",
		"{" + upgradeCode + "}\t0.0.0\t" + p.Number + "\t\t769\t\tOLDERFOUND",
		"{" + upgradeCode + "}\t" + p.Number + "\t\t\t2\t\tNEWERFOUND",
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}
