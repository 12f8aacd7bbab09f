package sideroom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	defaultTimeout = 30 * time.Second
	// All calls go to one host, many at once.
	idleConnections = 32
)

// Config says where the server is and how its caller signs in. The zero value takes SIDEROOM_URL, SIDEROOM_KEY and
// SIDEROOM_SECRET from the environment.
type Config struct {
	// URL is by default that of a development server, http://127.0.0.1:7900.
	URL string
	// Key is the id of an API key, and Secret its secret: tokens are signed with it and renewed in time.
	Key, Secret string
	// Scopes narrows what these tokens open.
	Scopes []string
	// Token is carried by all calls instead, such as a participant's.
	Token string
	// Timeout is for a whole call with all of its tries, if its context has no deadline; by default 30 seconds.
	Timeout time.Duration
	// HTTP is another client than the SDK's own. With a timeout of its own it interrupts watches, which then go on.
	HTTP *http.Client
}

// Client calls and watches. It serves any number of goroutines.
type Client struct {
	Rooms        *RoomService
	Participants *ParticipantService
	Breakouts    *BreakoutService
	Node         *NodeService

	connection *connection
}

// New makes a client. It does not connect yet.
func New(config Config) (*Client, error) {
	url := strings.TrimRight(first(config.URL, os.Getenv("SIDEROOM_URL"), "http://127.0.0.1:7900"), "/")
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return nil, fmt.Errorf("sideroom: the URL %q begins with neither http:// nor https://", url)
	}
	tokens := &tokenSource{token: config.Token, scopes: config.Scopes}
	if config.Token == "" {
		secret := first(config.Secret, os.Getenv("SIDEROOM_SECRET"))
		if secret == "" {
			return nil, errors.New("sideroom: give Secret (or set SIDEROOM_SECRET), or give Token")
		}
		key, err := NewKey(first(config.Key, os.Getenv("SIDEROOM_KEY"), "dev"), secret)
		if err != nil {
			return nil, err
		}
		tokens.key = key
	}
	if config.Timeout < 0 {
		return nil, errors.New("sideroom: the timeout is negative")
	}
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	if config.HTTP == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = idleConnections
		config.HTTP = &http.Client{Transport: transport}
	}
	return newClient(&connection{url, tokens, config.Timeout, config.HTTP}), nil
}

func newClient(c *connection) *Client {
	return &Client{&RoomService{c}, &ParticipantService{c}, &BreakoutService{c}, &NodeService{c}, c}
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}

// ClientToken signs a token that lets one person into one room.
func (client *Client) ClientToken(token ClientToken) (string, error) {
	key := client.connection.tokens.key
	if key == nil {
		return "", errors.New("sideroom: this client has a token and no key: use Participants.CreateToken, or NewKey")
	}
	return key.ClientToken(token)
}

// WithToken returns a client over the same connections with another token, such as a participant's.
func (client *Client) WithToken(token string) *Client {
	c := client.connection
	return newClient(&connection{c.url, &tokenSource{token: token}, c.timeout, c.http})
}

// Watch begins to watch a room, and returns when the connection stands: nothing is missed that happens from then on.
// The watch ends with its context.
func (client *Client) Watch(ctx context.Context, room string, options WatchOptions) (*Watch, error) {
	return openWatch(ctx, client.connection, room, options)
}

// Ptr returns a pointer to a value, for fields that may be absent.
func Ptr[T any](value T) *T { return &value }
