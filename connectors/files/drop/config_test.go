package drop

import "testing"

func TestValidate(t *testing.T) {
	ftp := map[string]func(*FTPConfig){
		"address":  func(c *FTPConfig) { c.Address = "ftp://host" },
		"user":     func(c *FTPConfig) { c.User = "" },
		"injected": func(c *FTPConfig) { c.User = "a\r\nDELE b" },
		"tls":      func(c *FTPConfig) { c.TLS.Mode = "maybe" },
		"verify":   func(c *FTPConfig) { c.Verify = "no" },
		"encoding": func(c *FTPConfig) { c.Encoding = "klingon" },
		"timeout":  func(c *FTPConfig) { c.Timeout = 0 },
		"temp":     func(c *FTPConfig) { c.Temp = "{name}" },
		"proof":    func(c *FTPConfig) { c.Proof = "../x" },
	}
	for name, change := range ftp {
		c := FTPDefaults()
		c.Address, c.User = "host1", "batch"
		must(t, c.Validate())
		if change(&c); c.Validate() == nil {
			t.Errorf("ftp: %s was accepted", name)
		}
	}
	c := FTPDefaults()
	if c.Address = "host1"; c.Server() != "host1:21" {
		t.Error(c.Server())
	}
}
