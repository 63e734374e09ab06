# Cuts a smaller set out of one in the layout of the XC repository: one label in `share`, chosen by a hash
# of its number, and the points that keep a label. Labels are numbered anew. Give the files unpacked, in
# this order:
#   awk -v share=40 -v points=20 -v out=FOLDER -f targets.awk -f subset.awk \
#     lbl.json trn.json tst.json [filter_labels_test.txt]
# `points` keeps one test point in so many of those left. The labels of kept points that are left out go.

function hash(number) { return int((number * 2654435761) % 4294967296 / 65536) }

FNR == 1 { file++ }

file == 1 {
    label = FNR - 1
    if (hash(label) % share == 0) {
        number[label] = labels++
        print > (out "/lbl.json")
    }
    next
}

file == 2 || file == 3 {
    point = FNR - 1
    line = with_targets($0, number)
    if (line == "") next
    if (file == 3 && hash(point) % points != 0) next
    if (file == 2) print line > (out "/trn.json")
    else {
        row[point] = rows++
        print line > (out "/tst.json")
    }
    next
}

file == 4 && ($1 in row) && ($2 in number) { print row[$1], number[$2] > (out "/filter_labels_test.txt") }
