vcl 4.1;
# A cache in front of two imgorigins that share a library, for Varnish 7.1 or later.
# Public files and thumbs are kept as long as the origin says; private ones never are. With one origin, drop the other backend.

import directors;
import std;

# Tells a process that is there, not whether catalog and store are: without those all origins go on to serve what is in their
# memory, and Varnish asks nothing of a backend that it thinks is sick.
probe live {
    .url = "/api/health/live";
    .interval = 2s;
    .timeout = 1s;
    .window = 4;
    .threshold = 2;
    .initial = 2;
}

backend one {
    .host = "127.0.0.1";
    .port = "8090";
    .probe = live;
    .connect_timeout = 1s;
    .first_byte_timeout = 65s; # more than the origin's --deadline
}

backend two {
    .host = "127.0.0.1";
    .port = "8091";
    .probe = live;
    .connect_timeout = 1s;
    .first_byte_timeout = 65s;
}

# Who may purge.
acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_init {
    new origins = directors.shard();
    origins.add_backend(one);
    origins.add_backend(two);
    origins.reconfigure();
}

sub vcl_recv {
    # PURGE of a path takes the file and all its thumbs. A proxy on this machine does not make its clients purgers: such
    # requests have more than one address here.
    if (req.method == "PURGE") {
        if (client.ip !~ purgers || req.http.X-Forwarded-For ~ ",") {
            return (synth(405, "Not allowed"));
        }
        if (!std.ban("obj.http.X-Imgorigin-Path == " + regsub(req.url, "\?.*$", ""))) {
            return (synth(400, std.ban_error()));
        }
        return (synth(200, "Purged"));
    }

    # The addresses of bytes, of every file API: PocketBase and Fibery, Foir, Baasix, Flextype. All else is not for caches.
    if (req.url !~ "^/(api/files|media|assets|flextype/project/uploads)/") {
        return (pass);
    }
    # The origin reads no cookies there; a site's own ones would keep everything out of the cache.
    unset req.http.Cookie;
    # What comes with a credential is not kept, whatever the answer says, and nobody waits for somebody else's.
    if (req.http.Authorization || req.url ~ "[?&](token|access_token|signature)=") {
        return (pass);
    }
}

sub vcl_backend_fetch {
    # All sizes of a picture are asked of one origin, which makes a srcset from one decode; a second try goes to the other.
    set bereq.backend = origins.backend(by=KEY, key=origins.key(regsub(bereq.url, "\?.*$", "")), alt=bereq.retries, healthy=ALL);
}

sub vcl_backend_response {
    set beresp.http.X-Imgorigin-Path = regsub(bereq.url, "\?.*$", "");
    if (beresp.status >= 500) {
        if (bereq.retries == 0 && (bereq.method == "GET" || bereq.method == "HEAD")) {
            return (retry);
        }
        if (bereq.is_bgfetch) {
            return (abandon); # what is stale is better
        }
    }
    if (beresp.status >= 400) {
        # No longer than they say, to the second.
        set beresp.grace = 0s;
        set beresp.keep = 0s;
    } else {
        # beresp.grace is stale-while-revalidate. What is older is kept to be asked for with If-None-Match.
        set beresp.keep = 30d;
        if (std.integer(beresp.http.Content-Length, 0) > 67108864) {
            # Ranges of large originals pass through, so that a seek does not wait for all before it.
            return (pass(10m));
        }
        if (std.integer(beresp.http.Content-Length, 1048576) < 1048576) {
            # Sent when it is whole: an origin that dies half way is an error, and asked again at the other.
            set beresp.do_stream = false;
        }
    }
}

sub vcl_backend_error {
    if (bereq.retries == 0 && (bereq.method == "GET" || bereq.method == "HEAD")) {
        return (retry);
    }
    set beresp.ttl = 0s;
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "1";
}

sub vcl_deliver {
    unset resp.http.X-Imgorigin-Path;
    if (obj.uncacheable) {
        set resp.http.X-Cache = "PASS";
    } elsif (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
}
