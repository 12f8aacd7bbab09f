package sideroom

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// Every grant of the API is in the token under the API's name: none is lost on the way.
func TestClientTokenCarriesEveryGrant(t *testing.T) {
	key, err := NewKey("app", strings.Repeat("s", 32))
	if err != nil {
		t.Fatal(err)
	}
	grants := &Grants{Publish: []TrackKind{TrackKindScreen}}
	fields := reflect.ValueOf(grants).Elem()
	for index := 0; index < fields.NumField(); index++ {
		if field := fields.Field(index); field.Kind() == reflect.Bool {
			field.SetBool(true)
		}
	}
	token, err := key.ClientToken(ClientToken{Room: "math", Identity: "ada", Grants: grants})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Grants map[string]any }
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	sent, err := json.Marshal(grants)
	if err != nil {
		t.Fatal(err)
	}
	var wanted map[string]any
	if err := json.Unmarshal(sent, &wanted); err != nil {
		t.Fatal(err)
	}
	wanted["publish"] = []any{"screen"}
	if !reflect.DeepEqual(claims.Grants, wanted) {
		t.Fatalf("the token grants %v, not %v", claims.Grants, wanted)
	}
}
