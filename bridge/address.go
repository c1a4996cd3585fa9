package bridge

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Listen listens on loopback, at an address such as 127.0.0.1:8410; port 0 is
// any that is free. Addresses that others could reach are refused.
func Listen(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host == "localhost" { // whatever a hosts file makes of it
		host = "127.0.0.1"
	}
	if addr, err := netip.ParseAddr(host); err != nil || !addr.IsLoopback() {
		return nil, fmt.Errorf("%s is not a loopback address: models are served to this machine only", address)
	}
	return net.Listen("tcp", net.JoinHostPort(host, port))
}

// ParseOrigin returns the origin of a page's address as browsers send it. It
// must be https, or http of this machine: on the way to others, anyone could
// change the page.
func ParseOrigin(address string) (string, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "", err
	case u.Host == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("%q is no origin, such as https://example.org", address)
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Host)):
		return "", fmt.Errorf("%s: pages must come by https, or from this machine", address)
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host, nil
}
