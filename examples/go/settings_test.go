package main

import "testing"

func readFrom(variables map[string]string) (settings, error) {
	return readSettings(func(name string) (string, bool) {
		value, set := variables[name]
		return value, set
	})
}

func TestAnIssuerIsAskedOverHTTPSOrOnThisMachine(t *testing.T) {
	for _, good := range []string{"https://auth.example", "http://localhost:8800", "http://127.0.0.1:8800", "http://[::1]:8800"} {
		if read, err := readFrom(map[string]string{"ISSUER": good}); err != nil || read.issuer != good {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"http://auth.example", "http://localhost.evil.example", "ftp://localhost", "auth.example", "https:auth", "%"} {
		if _, err := readFrom(map[string]string{"ISSUER": bad}); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestWhatIsMissingOrWrongStopsTheServiceBeforeItListens(t *testing.T) {
	const issuer = "https://auth.example"
	for _, variables := range []map[string]string{
		{},
		{"ISSUER": issuer, "MAX_STALE_SECONDS": "soon"},
		{"ISSUER": issuer, "CLIENT_ID": "orders"},
	} {
		if _, err := readFrom(variables); err == nil {
			t.Errorf("%v are taken", variables)
		}
	}
}
