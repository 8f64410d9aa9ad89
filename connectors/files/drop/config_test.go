package drop

import "testing"

func TestValidate(t *testing.T) {
	ftp := map[string]func(*ftpConfig){
		"address":  func(c *ftpConfig) { c.Place.Address = "ftp://host" },
		"user":     func(c *ftpConfig) { c.Place.User = "" },
		"injected": func(c *ftpConfig) { c.Place.User = "a\r\nDELE b" },
		"tls":      func(c *ftpConfig) { c.Place.TLS.Mode = "maybe" },
		"verify":   func(c *ftpConfig) { c.Verify = "no" },
		"encoding": func(c *ftpConfig) { c.Place.Encoding = "klingon" },
		"timeout":  func(c *ftpConfig) { c.Place.Timeout = 0 },
		"temp":     func(c *ftpConfig) { c.Temp = "{name}" },
		"proof":    func(c *ftpConfig) { c.Proof = "../x" },
	}
	for name, change := range ftp {
		c := ftpDefaults()
		c.Place.Address, c.Place.User = "host1", "batch"
		must(t, c.Validate())
		if change(&c); c.Validate() == nil {
			t.Errorf("ftp: %s was accepted", name)
		}
	}
	c := ftpDefaults()
	if c.Place.Address = "host1"; c.Place.Server() != "host1:21" {
		t.Error(c.Place.Server())
	}
}
