# Draws the results as an SVG of bars: awk -f flat.awk -f picture.awk results.jsonl A row for each setting;
# a panel each for P@1, P@5, PSP@5 and R@100, from 0 to 100. Growth has panels for seconds and memory, with
# the longest bar at its greatest value.

BEGIN {
    step = 15
    left = 330
    wide = 170
    gap = 55
    panels = split("P@1 P@5 PSP@5 R@100", panel, " ")
    fill[1] = "#30638e"
    fill[2] = "#5b8db8"
    fill[3] = "#d1495b"
    fill[4] = "#3d8a6b"
}

{
    parse($0)
    rows++
    title[rows] = value["set"] ": " value["ablation"]
    name[rows] = value["setting"]
    if (value["group"] != "") name[rows] = name[rows] ", decile " value["group"]
    grows[rows] = value["ablation"] == "growth"
    for (at = 1; at <= panels; at++) figure[rows, at] = value[panel[at]]
    if (grows[rows]) {
        figure[rows, 1] = value["seconds"]
        figure[rows, 2] = value["memory_mib"]
        for (at = 1; at <= 2; at++)
            if (figure[rows, at] + 0 > most[value["set"], at] + 0) most[value["set"], at] = figure[rows, at]
    }
    set_of[rows] = value["set"]
}

function text(x, y, what, more) {
    gsub(/&/, "\\&amp;", what)
    gsub(/</, "\\&lt;", what)
    gsub(/>/, "\\&gt;", what)
    printf "<text x=\"%d\" y=\"%d\"%s>%s</text>\n", x, y, more, what
}

function heads(row, y,    at, label) {
    text(10, y, title[row], " font-weight=\"bold\"")
    for (at = 1; at <= panels; at++) {
        label = panel[at]
        if (grows[row]) label = at == 1 ? "seconds" : at == 2 ? "peak MiB" : ""
        text(left + (at - 1) * (wide + gap), y, label, " font-weight=\"bold\"")
    }
}

END {
    high = 30
    for (row = 1; row <= rows; row++) high += step + (title[row] != title[row - 1] ? 2.5 * step : 0)
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\"", \
        left + panels * (wide + gap), high
    print " font-family=\"sans-serif\" font-size=\"11\">"
    printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
    y = 20
    for (row = 1; row <= rows; row++) {
        if (title[row] != title[row - 1]) {
            y += 1.5 * step
            heads(row, y)
            y += step
        }
        text(20, y, name[row], "")
        for (at = 1; at <= panels; at++) {
            if (figure[row, at] == "") continue
            top = grows[row] ? most[set_of[row], at] : 100
            long = top > 0 ? wide * figure[row, at] / top : 0
            x = left + (at - 1) * (wide + gap)
            printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", \
                x, y - 9, long, step - 4, fill[at]
            text(x + long + 4, y, sprintf(grows[row] ? "%.0f" : "%.2f", figure[row, at]), "")
        }
        y += step
    }
    print "</svg>"
}
