# sshd's lines of one connection become JSON like everybody's, with the name of the key; and the session is written down.
# sshd shows what is not printable as \ooo, so a line is a line. Whatever a client chose comes after the words matched here.
function escaped(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/[[:cntrl:]]/, " ", text)
    return text
}
function say(level, msg, facts) {
    # One string, newline and all: others write to the same pipe.
    print sprintf("{\"level\":\"%s\",\"time\":\"%s\",\"source\":\"sshd\",\"client\":\"%s\",\"clientPort\":%d%s,\"msg\":\"%s\"}\n", \
        level, strftime("%Y-%m-%dT%H:%M:%S.000Z", systime(), 1), escaped(client), port, \
        (name ? ",\"key\":\"" escaped(name) "\"" : "") facts, escaped(msg))
}
function fact(key, value) { return ",\"" key "\":\"" escaped(value) "\"" }
function named(what,    line, words, found) {
    while ((getline line < "/run/ssh/names") > 0) {
        split(line, words, " ")
        if (words[1] == what) found = words[2]
    }
    close("/run/ssh/names")
    return found
}

{ sub(/\r$/, "") }

/^Accepted publickey for tunnel from / {
    fingerprint = $NF
    name = named(fingerprint)
    if (!name) name = "unknown"
    print fingerprint " " name "\n" > record
    close(record)
    say("info", name " has logged in", fact("fingerprint", fingerprint))
    next
}
/^debug1: serverloop\.c:server_request_direct_tcpip\(\)/ {
    # A client that puts the words of this line into its own text opens nothing by it, and is not said to.
    parts = split($0, part, ", target ")
    endpoint = parts == 2 && part[2] ~ /^127\.0\.0\.1 port [0-9]+$/ ? named(substr(part[2], 16)) : ""
    if (endpoint) say("info", name " opens a tunnel to " endpoint, fact("endpoint", endpoint))
    next
}
/^Received request from .* but the request was denied\.$/ {
    sub(/^Received request from [^ ]+ port [0-9]+ to connect to /, "")
    sub(/, but the request was denied\.$/, "")
    say("warn", name " asked for a tunnel to " $0 ": refused", fact("reason", "no endpoint of this portal"))
    next
}
/^Failed publickey for / {
    say("warn", "A key was refused: " $NF " is not listed", fact("reason", "not a listed key") fact("fingerprint", $NF))
    next
}
/^Invalid user / {
    sub(/ from [^ ]+ port [0-9]+$/, "")
    say("warn", "A login was refused: the user is tunnel, not " substr($0, 14), fact("reason", "unknown user"))
    next
}
/^User .* not allowed because / {
    sub(/ from [^ ]+ not allowed because .*/, "")
    say("warn", "A login was refused: the user is tunnel, not " substr($0, 6), fact("reason", "unknown user"))
    next
}
/^no more sessions$/ {
    say("warn", name " asked for a shell or a command: refused", fact("reason", "tunnels only"))
    next
}
/^(refused streamlocal port forward|Server has disabled|refused local port forward)/ {
    say("warn", name " asked for what is not given: " $0, fact("reason", "tunnels only"))
    next
}
/^(Transferred: |Closing connection to |Connection from|Accepted key|Postponed|User child is on pid|Close session|Starting session) / { next }
/^(Connection closed|Connection reset|Disconnected from|Received disconnect) / {
    if (name && !over++) say("info", name " has left")
    next
}
{ say("info", "sshd: " $0) }
