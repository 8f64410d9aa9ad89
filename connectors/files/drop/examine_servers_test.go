package drop

import (
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/test/ftpserver"

	"github.com/inbasket/inbasket/connectors/files/place/ftp"
)

// TestExamineFTPServers finds nothing wrong with any kind of server, but what it does not do, and leaves nothing there.
func TestExamineFTPServers(t *testing.T) {
	const sizeless = ftp.CodeTruncated + " "
	for _, tt := range ftpserver.Kinds() {
		t.Run(tt.Name, func(t *testing.T) {
			d, s := ftpTargetWith(t, tt.Habits, func(c *ftpConfig) {
				if tt.Temp != "" {
					c.Temp = tt.Temp
				}
			})
			found, err := d.Examine(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			var said string
			for _, f := range found {
				if !f.Warning {
					t.Errorf("%s is no fault of such a server", f.Message)
				}
				said += f.Code + " "
			}
			expect(t, "warned of", said, map[string]string{"z/OS, data sets": sizeless, "z/OS, RNFR takes every name": sizeless, "ProFTPD without SIZE and MLST": sizeless,
				"VMS": sizeless, "nothing to list is a refusal": sizeless, "no listing at all": place.CodePermission + " "}[tt.Name])
			expect(t, "left", tree(t, filepath.Join(s.Root(), "IN")), "")
		})
	}
}
