package cluster

import (
	"strings"
	"testing"
)

func TestTheConfigurationOfDeployIsTakenAsItIsButForItsAddresses(t *testing.T) {
	const file = "../../deploy/nginx/imgorigin.conf"
	text, err := site(file, "/work", 1234, []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}, true)
	if err != nil {
		t.Fatal(err)
	}
	for word, times := range map[string]int{
		"server 127.0.0.1:": 3, "server 127.0.0.1:2 max_fails": 1, "listen 127.0.0.1:1234;": 1, "listen ": 1,
		"proxy_cache_path /work/cache ": 1, "/var/": 0, "proxy_cache imgorigin;": 1,
	} {
		if n := strings.Count(text, word); n != times {
			t.Errorf("%q is there %d times, not %d", word, n, times)
		}
	}
	if text, err = site(file, "/work", 1234, []string{"127.0.0.1:1"}, false); err != nil || strings.Contains(text, "proxy_cache imgorigin;") {
		t.Errorf("without cache: %v, %s", err, text)
	}
}
