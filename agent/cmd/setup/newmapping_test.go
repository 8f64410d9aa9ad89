package setup

import "testing"

func TestColumn(t *testing.T) {
	for key, want := range map[string]string{"familyName": "FAMILY_NAME", "e-mail": "E_MAIL", "@version": "VERSION", "HTTPCode": "HTTPCODE", "größe": "GR__E"} {
		if got := column(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}
