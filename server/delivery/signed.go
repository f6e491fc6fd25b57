package delivery

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// signed is the plain format: the message as it is, signed.
type signed struct {
	address string
	signer  *standardwebhooks.Webhook
}

func newSigned(address, secret string) (signed, error) {
	make := func() (*standardwebhooks.Webhook, error) { return standardwebhooks.NewWebhookRaw([]byte(secret)) }
	if strings.HasPrefix(secret, "whsec_") {
		make = func() (*standardwebhooks.Webhook, error) { return standardwebhooks.NewWebhook(secret) }
	}
	signer, err := make()
	if err != nil {
		return signed{}, fmt.Errorf("read the secret: %w", err)
	}
	return signed{address: address, signer: signer}, nil
}

func (s signed) request(one *Issued, at time.Time) (string, http.Header, []byte, error) {
	signature, err := s.signer.Sign(one.ID, at, one.Message)
	if err != nil {
		return "", nil, nil, fmt.Errorf("sign the message: %w", err)
	}
	header := http.Header{}
	header.Set(standardwebhooks.HeaderWebhookID, one.ID)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return s.address, header, one.Message, nil
}

// accepted: any answer of a 2xx is an acceptance.
func (signed) accepted([]byte) error { return nil }
