package system

import "testing"

// TestServiceFlags reads what the service manager was given before the command line is understood.
func TestServiceFlags(t *testing.T) {
	tests := []struct {
		args            []string
		service, config string
	}{
		{[]string{"run", "--service", "inbasket", "--config", `C:\Bürger Büro\inbasket.yaml`}, "inbasket", `C:\Bürger Büro\inbasket.yaml`},
		{[]string{"run", "--service=inbasket-two", `--config=D:\x.yaml`}, "inbasket-two", `D:\x.yaml`},
		{[]string{"run", "-c", "x.yaml"}, "", "x.yaml"},
		{[]string{"run", "--service"}, "", ""},
		{nil, "", ""},
	}
	for _, tt := range tests {
		if s, c := flagOf(tt.args, "--service"), flagOf(tt.args, "--config", "-c"); s != tt.service || c != tt.config {
			t.Errorf("%q: %q %q, want %q %q", tt.args, s, c, tt.service, tt.config)
		}
	}
}
