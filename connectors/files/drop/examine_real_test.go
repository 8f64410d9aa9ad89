package drop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/servers"
)

// TestExamineVSFTPD says which right a real server denies, and leaves nothing there.
func TestExamineVSFTPD(t *testing.T) {
	for _, tt := range []struct {
		name, setting, want string
		left                int
	}{
		{"all allowed", "", "", 0},
		{"no rename", "cmds_denied=RNFR,RNTO", "may not rename a file", 0},
		{"no listing", "cmds_denied=LIST,NLST,MLSD", "may not list the folder", 0},
		{"no upload", "cmds_denied=STOR", "may not put a file", 0},
		{"no delete", "cmds_denied=DELE", "may not delete a file", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := servers.VSFTPD(t, servers.FTPOptions{Settings: []string{tt.setting}})
			for range 2 { // the second time what the first could not take away lies there
				d := realFTP(t, s, nil)
				found, err := d.Examine(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				var said []string
				for _, f := range found {
					said = append(said, f.Code+" "+f.Message)
				}
				if text := strings.Join(said, "\n"); tt.want == "" && text != "" || !strings.Contains(text, tt.want) || len(found) > 1 {
					t.Errorf("found %q, want %q", text, tt.want)
				}
				left, err := os.ReadDir(s.Root)
				must(t, err)
				if len(left) != tt.left {
					t.Errorf("%d files are left", len(left))
				}
				for _, f := range left {
					if !strings.HasSuffix(f.Name(), ".inbasket-part") {
						t.Errorf("%s could be taken for a form's file", f.Name())
					}
				}
			}
		})
	}
}

// TestExamineFolder tries a local folder out by the temporary names that its configuration says.
func TestExamineFolder(t *testing.T) {
	dir := t.TempDir()
	cfg := FolderDefaults()
	cfg.Path, cfg.Temp = dir, "{name}.sending"
	d, err := NewFolder(connectors.Env{Clock: clock.NewManual()}, cfg)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, trialName(d.temps, "2")), []byte("left"), 0o600))
	found, err := d.Examine(t.Context(), nil)
	if err != nil || len(found) != 0 {
		t.Errorf("%+v %v", found, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v is left: %v", left, err)
	}
}
