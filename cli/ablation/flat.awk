# Reads one line of results, a flat JSON object, into value[]. The other programs read this file first.

function parse(line,    pair, name) {
    split("", value)
    gsub(/^\{|\}$/, "", line)
    while (match(line, /^"[^"]*":("[^"]*"|[^,]*),?/)) {
        pair = substr(line, 1, RLENGTH)
        line = substr(line, RLENGTH + 1)
        sub(/,$/, "", pair)
        name = pair
        sub(/":.*/, "", name)
        sub(/^"/, "", name)
        sub(/^"[^"]*":/, "", pair)
        gsub(/^"|"$/, "", pair)
        value[name] = pair == "null" ? "" : pair
    }
}
