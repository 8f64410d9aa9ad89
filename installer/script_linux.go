package installer

import (
	_ "embed"
	"fmt"
	"strings"
)

// The scripts of machines without systemd. What they share keeps the agent going, as systemd would.
var (
	//go:embed initd.sh
	commonScript string
	//go:embed sysv.sh
	sysvScript string
	//go:embed openrc.sh
	openrcScript string
)

const description = "Inbasket: takes e-forms out of in-baskets and writes them into legacy systems"

// scriptText returns the script of an instance, made of the template of its service manager.
func scriptText(template string, i Instance) string {
	common := fill(commonScript, map[string]string{
		"NAME": shellQuote(i.Service()), "PROGRAM": shellQuote(i.Program), "CONFIG": shellQuote(i.Config), "ACCOUNT": shellQuote(i.account()),
		"STATE": shellQuote(i.State), "CREDENTIALS": shellQuote(CredentialFolder(i.Config)),
	})
	mark := ownMark + " A second install writes it anew."
	return fill(template, map[string]string{"MARK": mark, "DESCRIPTION": description, "SERVICE": i.Service(), "COMMON": common})
}

// fill replaces @NAME@ in one pass, so that a value is never looked at again.
func fill(template string, values map[string]string) string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "@"+name+"@", value)
	}
	return strings.NewReplacer(pairs...).Replace(template)
}

// shellQuote returns s as one word of a shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// readScript finds in a script what scriptText wrote into it.
func readScript(text string) definition {
	var d definition
	into := map[string]*string{"IB_PROGRAM": &d.program, "IB_CONFIG": &d.config, "IB_ACCOUNT": &d.account}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if p := into[key]; p != nil && strings.HasPrefix(value, "'") && strings.HasSuffix(value, "'") && len(value) > 1 {
			*p = strings.ReplaceAll(value[1:len(value)-1], `'\''`, "'")
		}
	}
	return d
}

// rotateText has logrotate keep what the agent says on standard error, where nothing else does.
func rotateText(i Instance) string {
	return fmt.Sprintf("%s\n/var/log/%s.log {\n\tsize 16M\n\trotate 5\n\tcopytruncate\n\tcompress\n\tmissingok\n\tnotifempty\n}\n", ownMark, i.Service())
}
