package sideroom

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	apiTokenLife = 10 * time.Minute
	// A fresh token is signed when the last one has this long to go.
	renewBefore    = 2 * time.Minute
	minSecretBytes = 32
)

// Key is an API key. Its secret shows in no log.
type Key struct {
	id     string
	secret []byte
}

// NewKey makes a key of its id and its secret, which has at least 32 bytes.
func NewKey(id, secret string) (*Key, error) {
	if id == "" {
		return nil, errors.New("sideroom: the API key has no id")
	}
	if len(secret) < minSecretBytes {
		return nil, fmt.Errorf("sideroom: the secret of API key %s is shorter than %d bytes", id, minSecretBytes)
	}
	return &Key{id, []byte(secret)}, nil
}

// String names the key.
func (key Key) String() string { return "Key(" + key.id + ")" }

// GoString names the key.
func (key Key) GoString() string { return key.String() }

// ClientToken says who is let in.
type ClientToken struct {
	// Room is the one room.
	Room string
	// Identity is unique in the room: a second join with it takes over the place of the first.
	Identity string
	// Name is what others see; by default the identity.
	Name string
	// Role is by default RoleParticipant.
	Role Role
	// Grants is what they may do; nil: all that the role may.
	Grants *Grants
	// ValidFor is by default an hour, at most a day.
	ValidFor time.Duration
}

type claims struct {
	Audience string       `json:"aud"`
	Expires  int64        `json:"exp"`
	Scopes   []string     `json:"scopes,omitempty"`
	Room     string       `json:"room,omitempty"`
	Subject  string       `json:"sub,omitempty"`
	Name     string       `json:"name,omitempty"`
	Role     string       `json:"role,omitempty"`
	Grants   *grantClaims `json:"grants,omitempty"`
}

// grantClaims are grants as tokens spell them: kinds in small letters.
type grantClaims struct {
	Publish         []string `json:"publish"`
	CreateBreakouts bool     `json:"createBreakouts"`
	MoveOthers      bool     `json:"moveOthers"`
	ListenIn        bool     `json:"listenIn"`
	AddressAll      bool     `json:"addressAll"`
	CreateSideRooms bool     `json:"createSideRooms"`
}

// ClientToken signs a token that lets one person into one room.
func (key *Key) ClientToken(token ClientToken) (string, error) {
	if token.ValidFor == 0 {
		token.ValidFor = time.Hour
	}
	if token.Name == "" {
		token.Name = token.Identity
	}
	made := claims{Audience: "sideroom-client", Room: token.Room, Subject: token.Identity, Name: token.Name}
	made.Expires = time.Now().Add(token.ValidFor).Unix()
	made.Role = "participant"
	if token.Role == RoleModerator {
		made.Role = "moderator"
	}
	if grants := token.Grants; grants != nil {
		made.Grants = &grantClaims{
			Publish:         kindClaims(grants.Publish),
			CreateBreakouts: grants.CreateBreakouts,
			MoveOthers:      grants.MoveOthers,
			ListenIn:        grants.ListenIn,
			AddressAll:      grants.AddressAll,
			CreateSideRooms: grants.CreateSideRooms,
		}
	}
	return key.sign(made)
}

// APIToken signs a token for signaling servers: all scopes of the key, or those that are named.
func (key *Key) APIToken(validFor time.Duration, scopes ...string) (string, error) {
	return key.sign(claims{Audience: "sideroom-api", Expires: time.Now().Add(validFor).Unix(), Scopes: scopes})
}

func kindClaims(kinds []TrackKind) []string {
	made := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		made = append(made, strings.ToLower(strings.TrimPrefix(string(kind), "TRACK_KIND_")))
	}
	return made
}

func (key *Key) sign(made claims) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "HS256", "typ": "JWT", "kid": key.id})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(made)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode(header) + "." + encode(body)
	mac := hmac.New(sha256.New, key.secret)
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil)), nil
}

// tokenSource gives the bearer of each call: a token that was given, or one that is signed anew in time.
type tokenSource struct {
	key    *Key
	scopes []string

	mu      sync.Mutex
	token   string
	renewAt time.Time
}

func (source *tokenSource) bearer() (string, error) {
	source.mu.Lock()
	defer source.mu.Unlock()
	if source.key != nil && !time.Now().Before(source.renewAt) {
		token, err := source.key.APIToken(apiTokenLife, source.scopes...)
		if err != nil {
			return "", err
		}
		source.token, source.renewAt = token, time.Now().Add(apiTokenLife-renewBefore)
	}
	return source.token, nil
}
