# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_vsctl_global_optspecs
    string join \n C/context= e/endpoint= stale timeout= v/verbose color= o/output= json columns= no-headers bytes utc y/yes no-input dry-run q/quiet progress= h/help V/version
end

function __fish_vsctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_vsctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_vsctl_using_subcommand
    set -l cmd (__fish_vsctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c vsctl -n "__fish_vsctl_needs_command" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_needs_command" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_needs_command" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_needs_command" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_needs_command" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_needs_command" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_needs_command" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_needs_command" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_needs_command" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_needs_command" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_needs_command" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_needs_command" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_needs_command" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_needs_command" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_needs_command" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_needs_command" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_needs_command" -s V -l version -d 'Print version'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "upload" -d 'Upload films'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "ls" -d 'List videos'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "show" -d 'Show a video: its source, tracks, redundancy'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "rm" -d 'Move videos to the trash; `video restore` undoes it'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "download" -d 'Get a video\'s file back, verified byte for byte'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "status" -d 'Show the cluster, its nodes and its library on one screen'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "video" -d 'List, show, edit, remove and restore videos'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "session" -d 'List, resume and cancel uploads in flight'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "chunk" -d 'List, show and verify the chunks that a node holds'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "node" -d 'The machines of the cluster'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "layout" -d 'Where data belongs'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "cluster" -d 'Show the metadata group and hand its lead over'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "redundancy" -d 'How videos are kept, and what that costs'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "scrub" -d 'Check every chunk of a node, or see how far that is'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "repair" -d 'Mend what nodes and disks lost, or see how far that is'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "rebalance" -d 'Move data to where the layout has it, or see how far that is'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "compact" -d 'Give back the space that deleted chunks still take, or see how far that is'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "job" -d 'What goes on in the cluster: repairs, moves, rewritings'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "settings" -d 'What holds for the whole cluster'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "lab" -d 'Try out what is promised: a cluster under load while things go wrong'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "config" -d 'Show and change settings'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "context" -d 'Name clusters and choose between them'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "man" -d 'Write the manual pages into a folder'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "version" -d 'Print the version, with commit and date'
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "consistency"
complete -c vsctl -n "__fish_vsctl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l title -d 'The video\'s title [default: the file\'s name]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l description -d 'What the video is about' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l tag -d 'A tag; may be repeated' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l id-file -d 'Write the video\'s id to this file, one line a video' -r -F
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l renditions -d 'Further renditions to make; this release makes none' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l keep-original -d 'Keep the uploaded file beside its tracks' -r -f -a "true\t''
false\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l redundancy -d 'auto, replicate[:N] or erasure[:K+M]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l include -d 'From folders, only files that match; may be repeated' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l exclude -d 'From folders, no file that matches; may be repeated' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l files-from -d 'Upload what this file names, a path a line; - for stdin' -r -F
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -s j -l jobs -d 'Files at a time' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l on-duplicate -d 'When the same bytes are there already' -r -f -a "skip\t'Answer with the video that is there'
new\t'Make another video'
error\t'Refuse'"
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l bwlimit -d 'Send at most this fast, as in 5MiB/s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l wait -d 'Wait until the video is so far' -r -f -a "stored\t'The original is safe on a quorum'
ready\t'The video can be played'
none\t'All bytes are handed over'"
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -s r -l recursive -d 'Upload the files in folders'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l no-resume -d 'Begin anew, whatever was sent before'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l continue-on-error -d 'Go on with other files when one fails'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand upload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l filter -d 'List only videos for which all of these hold' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l sort -d 'Sort by this key; -KEY for the greatest first' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l limit -d 'List at most this many' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l page-token -d 'Go on where the last page ended' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -s w -l watch -d 'Follow changes until interrupted'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l track -d 'Which track: the uploaded file, or one of those `show` lists' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l resume -d 'Go on with DEST.part of an earlier download'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l force -d 'Replace DEST if it exists'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand download" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -f -a "ls" -d 'List videos'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -f -a "show" -d 'Show a video: its source, tracks, redundancy'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -f -a "edit" -d 'Change a video\'s title, description or tags'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -f -a "rm" -d 'Move videos to the trash; `video restore` undoes it'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -f -a "restore" -d 'Take videos out of the trash'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -f -a "purge" -d 'Remove videos for good; asks first'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and not __fish_seen_subcommand_from ls show edit rm restore purge help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l filter -d 'List only videos for which all of these hold' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l sort -d 'Sort by this key; -KEY for the greatest first' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l limit -d 'List at most this many' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l page-token -d 'Go on where the last page ended' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -s w -l watch -d 'Follow changes until interrupted'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l title -d 'The new title' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l description -d 'The new description; empty removes it' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l tag -d 'Set a tag; may be repeated' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l untag -d 'Remove a tag; may be repeated' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l if-revision -d 'Refuse unless the video is at this revision' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List videos'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a video: its source, tracks, redundancy'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Change a video\'s title, description or tags'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Move videos to the trash; `video restore` undoes it'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from help" -f -a "restore" -d 'Take videos out of the trash'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from help" -f -a "purge" -d 'Remove videos for good; asks first'
complete -c vsctl -n "__fish_vsctl_using_subcommand video; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -f -a "ls" -d 'List uploads in flight'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -f -a "resume" -d 'Go on with an upload that was begun anywhere, from where its bytes end'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -f -a "cancel" -d 'Give an upload up and drop its bytes'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and not __fish_seen_subcommand_from ls resume cancel help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -s a -l all -d 'With those that have ended'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l bwlimit -d 'Send at most this fast, as in 5MiB/s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l wait -d 'Wait until the video is so far' -r -f -a "stored\t'The original is safe on a quorum'
ready\t'The video can be played'
none\t'All bytes are handed over'"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List uploads in flight'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Go on with an upload that was begun anywhere, from where its bytes end'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "cancel" -d 'Give an upload up and drop its bytes'
complete -c vsctl -n "__fish_vsctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -f -a "ls" -d 'List what a node holds, or the chunks of a video in play order'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -f -a "show" -d 'Show where a node keeps one chunk'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -f -a "verify" -d 'Read chunks from a node\'s disks and check every byte'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and not __fish_seen_subcommand_from ls show verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l asset -d 'List only chunks of this asset' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l limit -d 'List at most this many' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l page-token -d 'Go on where the last page ended' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l damaged -d 'List only chunks that were found damaged and not repaired since'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l asset -d 'Which asset\'s copy, where several have the same bytes' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l all -d 'Everything that the node holds'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List what a node holds, or the chunks of a video in play order'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show where a node keeps one chunk'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Read chunks from a node\'s disks and check every byte'
complete -c vsctl -n "__fish_vsctl_using_subcommand chunk; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -f -a "ls" -d 'List nodes: state, disks, and how fast they answer from here'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -f -a "show" -d 'Show all that is known about one node'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -f -a "ping" -d 'Measure how fast nodes answer from here'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -f -a "add" -d 'Give a joining node its zone and weight, and wait until it is filled'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -f -a "rm" -d 'Remove a node for good; asks first'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -f -a "drain" -d 'Move everything off a node'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -f -a "undrain" -d 'Let a node take data again'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -f -a "set" -d 'Change a node\'s zone, or its share of the data'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and not __fish_seen_subcommand_from ls show ping add rm drain undrain set help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l zone -d 'What fails together with it, as in eu-2' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l weight -d 'Share of the data, 1 for an ordinary node' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l no-wait -d 'Do not wait until everything is moved'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l lost -d 'It is down and will not come back'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l no-wait -d 'Do not wait until everything is moved'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l no-wait -d 'Do not wait until everything is moved'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from undrain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l zone -d 'What fails together with it, as in eu-2' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l weight -d 'Share of the data, 1 for an ordinary node' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List nodes: state, disks, and how fast they answer from here'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show all that is known about one node'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "ping" -d 'Measure how fast nodes answer from here'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "add" -d 'Give a joining node its zone and weight, and wait until it is filled'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Remove a node for good; asks first'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "drain" -d 'Move everything off a node'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "undrain" -d 'Let a node take data again'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "set" -d 'Change a node\'s zone, or its share of the data'
complete -c vsctl -n "__fish_vsctl_using_subcommand node; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -f -a "show" -d 'Show the nodes of the layout and their shares'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -f -a "plan" -d 'Tell what would move if nodes were added, drained or weighed otherwise'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -f -a "locate" -d 'Tell where each chunk of a video belongs'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -f -a "balance" -d 'Compare what nodes hold with what they should'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and not __fish_seen_subcommand_from show plan locate balance help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l epoch -d 'Show this epoch, while something still needs it [default: the current]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l add -d 'Another machine in this zone, of weight W if not 1' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l drain -d 'Everything moves off this node' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l undrain -d 'This node takes data again' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l rm -d 'This node is gone' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l weight -d 'This node has another share of the data' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l zone -d 'This node stands elsewhere' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l track -d 'Only chunks of this track' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l segment -d 'Only chunks of this segment, counted from 0' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l check -d 'Ask every node what it has'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from locate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from balance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the nodes of the layout and their shares'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from help" -f -a "plan" -d 'Tell what would move if nodes were added, drained or weighed otherwise'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from help" -f -a "locate" -d 'Tell where each chunk of a video belongs'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from help" -f -a "balance" -d 'Compare what nodes hold with what they should'
complete -c vsctl -n "__fish_vsctl_using_subcommand layout; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -f -a "status" -d 'Show who leads, and how far every member is'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -f -a "watch" -d 'Follow the members until interrupted'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -f -a "members" -d 'List the members: who votes, who learns'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -f -a "transfer" -d 'Hand the lead over to another voter'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -f -a "snapshot" -d 'Make a snapshot of the metadata on every member, or on one'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -f -a "verify" -d 'Compare the metadata of all members after the same entry'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and not __fish_seen_subcommand_from status watch members transfer snapshot verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from members" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from transfer" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from snapshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show who leads, and how far every member is'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Follow the members until interrupted'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "members" -d 'List the members: who votes, who learns'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "transfer" -d 'Hand the lead over to another voter'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "snapshot" -d 'Make a snapshot of the metadata on every member, or on one'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Compare the metadata of all members after the same entry'
complete -c vsctl -n "__fish_vsctl_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -f -a "show" -d 'Show how videos are kept, how they should be, and why'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -f -a "set" -d 'Choose how videos are kept, whatever the policy says'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -f -a "clear" -d 'Let the policy choose again how videos are kept'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -f -a "recommend" -d 'List the videos that should be kept otherwise than they are'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -f -a "efficiency" -d 'Compare what the schemes cost, on paper and in this library'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and not __fish_seen_subcommand_from show set clear recommend efficiency help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l limit -d 'List at most this many' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l page-token -d 'Go on where the last page ended' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from recommend" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from efficiency" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show how videos are kept, how they should be, and why'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from help" -f -a "set" -d 'Choose how videos are kept, whatever the policy says'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from help" -f -a "clear" -d 'Let the policy choose again how videos are kept'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from help" -f -a "recommend" -d 'List the videos that should be kept otherwise than they are'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from help" -f -a "efficiency" -d 'Compare what the schemes cost, on paper and in this library'
complete -c vsctl -n "__fish_vsctl_using_subcommand redundancy; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "start" -d 'Begin to check every chunk now'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "status" -d 'Show how far each node is, when it was last done, and what was found'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "pause" -d 'Stand still until resumed or started, over restarts too'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "stop" -d 'End the pass under way; the next begins when it is due'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l wait -d 'Wait until every chunk was checked'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from help" -f -a "start" -d 'Begin to check every chunk now'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show how far each node is, when it was last done, and what was found'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Stand still until resumed or started, over restarts too'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from help" -f -a "stop" -d 'End the pass under way; the next begins when it is due'
complete -c vsctl -n "__fish_vsctl_using_subcommand scrub; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -f -a "status" -d 'Show what is degraded, how far repair is, and what it waits for'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -f -a "start" -d 'Look through everything now'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -f -a "pause" -d 'Mend nothing until resumed or started'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and not __fish_seen_subcommand_from status start pause resume help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show what is degraded, how far repair is, and what it waits for'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from help" -f -a "start" -d 'Look through everything now'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Mend nothing until resumed or started'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand repair; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "start" -d 'Look for what is to be moved now'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "status" -d 'Show how far it is, and what it waits for'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "pause" -d 'Move nothing until resumed or started'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "stop" -d 'Leave everything where it is until started, or the layout changes'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from help" -f -a "start" -d 'Look for what is to be moved now'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show how far it is, and what it waits for'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Move nothing until resumed or started'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Leave everything where it is until started, or the layout changes'
complete -c vsctl -n "__fish_vsctl_using_subcommand rebalance; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "start" -d 'Begin to compact now'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "status" -d 'Show how far each node is and what was given back'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "pause" -d 'Stand still until resumed or started, over restarts too'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "stop" -d 'End the run under way; none begins by itself for an hour'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and not __fish_seen_subcommand_from start status pause resume stop help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l garbage-percent -d 'Take superblocks with this much garbage [default: as the node is set]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l node -d 'Ask this node [default: the one that answers]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from help" -f -a "start" -d 'Begin to compact now'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show how far each node is and what was given back'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Stand still until resumed or started, over restarts too'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from help" -f -a "stop" -d 'End the run under way; none begins by itself for an hour'
complete -c vsctl -n "__fish_vsctl_using_subcommand compact; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -f -a "ls" -d 'List jobs that are not over'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -f -a "show" -d 'Show how far a job is'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -f -a "logs" -d 'Show what happened to a job'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -f -a "watch" -d 'Follow a job to its end'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -f -a "retry" -d 'Begin a failed or cancelled job anew'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -f -a "cancel" -d 'End a job where it is'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -f -a "pause" -d 'Let a job stand still until it is resumed'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -f -a "resume" -d 'Let a paused job go on'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and not __fish_seen_subcommand_from ls show logs watch retry cancel pause resume help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -s a -l all -d 'With those that have ended'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List jobs that are not over'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show how far a job is'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "logs" -d 'Show what happened to a job'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Follow a job to its end'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "retry" -d 'Begin a failed or cancelled job anew'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "cancel" -d 'End a job where it is'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Let a job stand still until it is resumed'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Let a paused job go on'
complete -c vsctl -n "__fish_vsctl_using_subcommand job; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -f -a "ls" -d 'List every setting with its default'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -f -a "get" -d 'Show one setting'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -f -a "set" -d 'Change a setting, at once and for all nodes'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -f -a "reset" -d 'Set back to the default'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and not __fish_seen_subcommand_from ls get set reset help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List every setting with its default'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from help" -f -a "get" -d 'Show one setting'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from help" -f -a "set" -d 'Change a setting, at once and for all nodes'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from help" -f -a "reset" -d 'Set back to the default'
complete -c vsctl -n "__fish_vsctl_using_subcommand settings; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -f -a "failover" -d 'Kill the leader over and over, and measure who notices'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -f -a "chaos" -d 'Let things go wrong under load, and report what held'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and not __fish_seen_subcommand_from failover chaos help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l times -d 'How often' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l blow -d 'What is done to it' -r -f -a "kill\t'It dies on the spot'
freeze\t'It stands still'"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l pause-max -d 'Longest pause of reads and writes that is still no stall' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from failover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l seconds -d 'How long things go wrong' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l minutes -d 'The same in minutes' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l seed -d 'What follows from chance [default: another one each time]' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l faults -d 'What may go wrong [default: all of crash, freeze, partition, latency, loss, slow-disk, full-disk, read-error, memory, corrupt]' -r -f -a "crash\t'Nodes die on the spot, and come back'
freeze\t'Nodes stand still, and go on'
partition\t'Nodes are cut off from the others'
latency\t'What nodes say to one another comes late'
loss\t'Packets between nodes are lost'
slow-disk\t'Disks take their time'
full-disk\t'No block is free'
read-error\t'Nothing can be read from the disk'
memory\t'Memory runs short'
corrupt\t'Bits of stored chunks flip'"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l film -d 'The MP4 file to upload copies of [default: one made with ffmpeg]' -r -F
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l pause-max -d 'Longest pause of reads and writes that is still no stall' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l mend-max -d 'How long repair may take after a fault' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l i-know -d 'Put a cluster under load that no `vsd dev` runs; its nodes are spared'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l keep -d 'Leave the films there'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from chaos" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "failover" -d 'Kill the leader over and over, and measure who notices'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "chaos" -d 'Let things go wrong under load, and report what held'
complete -c vsctl -n "__fish_vsctl_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -f -a "view" -d 'Show every setting as it holds now'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -f -a "get" -d 'Print one setting as it holds now'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -f -a "set" -d 'Set a default, or a value of one context'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -f -a "unset" -d 'Remove a default, or a value of one context'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -f -a "path" -d 'Print where the configuration file is'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and not __fish_seen_subcommand_from view get set unset path help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l origin -d 'Show where each value came from'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from view" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l for -d 'For this context only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l for -d 'For this context only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from unset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "view" -d 'Show every setting as it holds now'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "get" -d 'Print one setting as it holds now'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "set" -d 'Set a default, or a value of one context'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "unset" -d 'Remove a default, or a value of one context'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print where the configuration file is'
complete -c vsctl -n "__fish_vsctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -f -a "ls" -d 'List contexts, the current one marked'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -f -a "add" -d 'Add a context, or change its endpoints'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -f -a "use" -d 'Make a context the current one'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -f -a "rm" -d 'Forget a context'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and not __fish_seen_subcommand_from ls add use rm help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l use -d 'Make it the current one'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from use" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List contexts, the current one marked'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a context, or change its endpoints'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from help" -f -a "use" -d 'Make a context the current one'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Forget a context'
complete -c vsctl -n "__fish_vsctl_using_subcommand context; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l dynamic -d 'Complete ids, titles and contexts too'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -s o -l output -d 'How to write results' -r -f -a "table\t'For people'
wide\t'For people, with every column'
json\t'One document; the stable contract'
jsonl\t'One JSON object a line'
yaml\t''
csv\t'With a header line, exact values'
name\t'Ids only'"
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l columns -d 'Show these columns or keys only' -r
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l progress -d 'How to show progress' -r -f -a "auto\t'Bars on a terminal, plain lines elsewhere'
bar\t''
plain\t'A line every five seconds'
json\t'An object a second'
none\t''"
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l json -d 'Same as -o json'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l no-headers -d 'Leave out the header line'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l bytes -d 'Exact sizes in tables'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l utc -d 'Exact times in tables, in UTC'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -s y -l yes -d 'Do not ask before severe acts'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l no-input -d 'Never ask anything; what would need an answer is refused'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -l dry-run -d 'Say what would be done, change nothing'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -s q -l quiet -d 'Print ids only, and say nothing else'
complete -c vsctl -n "__fish_vsctl_using_subcommand consistency" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "upload" -d 'Upload films'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "ls" -d 'List videos'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "show" -d 'Show a video: its source, tracks, redundancy'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "rm" -d 'Move videos to the trash; `video restore` undoes it'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "download" -d 'Get a video\'s file back, verified byte for byte'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "status" -d 'Show the cluster, its nodes and its library on one screen'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "video" -d 'List, show, edit, remove and restore videos'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "session" -d 'List, resume and cancel uploads in flight'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "chunk" -d 'List, show and verify the chunks that a node holds'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "node" -d 'The machines of the cluster'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "layout" -d 'Where data belongs'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "cluster" -d 'Show the metadata group and hand its lead over'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "redundancy" -d 'How videos are kept, and what that costs'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "scrub" -d 'Check every chunk of a node, or see how far that is'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "repair" -d 'Mend what nodes and disks lost, or see how far that is'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "rebalance" -d 'Move data to where the layout has it, or see how far that is'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "compact" -d 'Give back the space that deleted chunks still take, or see how far that is'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "job" -d 'What goes on in the cluster: repairs, moves, rewritings'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "settings" -d 'What holds for the whole cluster'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "lab" -d 'Try out what is promised: a cluster under load while things go wrong'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "config" -d 'Show and change settings'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "context" -d 'Name clusters and choose between them'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "man" -d 'Write the manual pages into a folder'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "version" -d 'Print the version, with commit and date'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "consistency"
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and not __fish_seen_subcommand_from upload ls show rm download status video session chunk node layout cluster redundancy scrub repair rebalance compact job settings lab config context completions man version consistency help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from video" -f -a "ls" -d 'List videos'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from video" -f -a "show" -d 'Show a video: its source, tracks, redundancy'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from video" -f -a "edit" -d 'Change a video\'s title, description or tags'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from video" -f -a "rm" -d 'Move videos to the trash; `video restore` undoes it'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from video" -f -a "restore" -d 'Take videos out of the trash'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from video" -f -a "purge" -d 'Remove videos for good; asks first'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "ls" -d 'List uploads in flight'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "resume" -d 'Go on with an upload that was begun anywhere, from where its bytes end'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "cancel" -d 'Give an upload up and drop its bytes'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from chunk" -f -a "ls" -d 'List what a node holds, or the chunks of a video in play order'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from chunk" -f -a "show" -d 'Show where a node keeps one chunk'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from chunk" -f -a "verify" -d 'Read chunks from a node\'s disks and check every byte'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "ls" -d 'List nodes: state, disks, and how fast they answer from here'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "show" -d 'Show all that is known about one node'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "ping" -d 'Measure how fast nodes answer from here'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "add" -d 'Give a joining node its zone and weight, and wait until it is filled'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "rm" -d 'Remove a node for good; asks first'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "drain" -d 'Move everything off a node'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "undrain" -d 'Let a node take data again'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from node" -f -a "set" -d 'Change a node\'s zone, or its share of the data'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from layout" -f -a "show" -d 'Show the nodes of the layout and their shares'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from layout" -f -a "plan" -d 'Tell what would move if nodes were added, drained or weighed otherwise'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from layout" -f -a "locate" -d 'Tell where each chunk of a video belongs'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from layout" -f -a "balance" -d 'Compare what nodes hold with what they should'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "status" -d 'Show who leads, and how far every member is'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "watch" -d 'Follow the members until interrupted'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "members" -d 'List the members: who votes, who learns'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "transfer" -d 'Hand the lead over to another voter'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "snapshot" -d 'Make a snapshot of the metadata on every member, or on one'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "verify" -d 'Compare the metadata of all members after the same entry'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from redundancy" -f -a "show" -d 'Show how videos are kept, how they should be, and why'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from redundancy" -f -a "set" -d 'Choose how videos are kept, whatever the policy says'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from redundancy" -f -a "clear" -d 'Let the policy choose again how videos are kept'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from redundancy" -f -a "recommend" -d 'List the videos that should be kept otherwise than they are'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from redundancy" -f -a "efficiency" -d 'Compare what the schemes cost, on paper and in this library'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from scrub" -f -a "start" -d 'Begin to check every chunk now'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from scrub" -f -a "status" -d 'Show how far each node is, when it was last done, and what was found'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from scrub" -f -a "pause" -d 'Stand still until resumed or started, over restarts too'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from scrub" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from scrub" -f -a "stop" -d 'End the pass under way; the next begins when it is due'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from repair" -f -a "status" -d 'Show what is degraded, how far repair is, and what it waits for'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from repair" -f -a "start" -d 'Look through everything now'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from repair" -f -a "pause" -d 'Mend nothing until resumed or started'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from repair" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from rebalance" -f -a "start" -d 'Look for what is to be moved now'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from rebalance" -f -a "status" -d 'Show how far it is, and what it waits for'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from rebalance" -f -a "pause" -d 'Move nothing until resumed or started'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from rebalance" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from rebalance" -f -a "stop" -d 'Leave everything where it is until started, or the layout changes'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from compact" -f -a "start" -d 'Begin to compact now'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from compact" -f -a "status" -d 'Show how far each node is and what was given back'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from compact" -f -a "pause" -d 'Stand still until resumed or started, over restarts too'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from compact" -f -a "resume" -d 'Go on where it was paused'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from compact" -f -a "stop" -d 'End the run under way; none begins by itself for an hour'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "ls" -d 'List jobs that are not over'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "show" -d 'Show how far a job is'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "logs" -d 'Show what happened to a job'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "watch" -d 'Follow a job to its end'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "retry" -d 'Begin a failed or cancelled job anew'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "cancel" -d 'End a job where it is'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "pause" -d 'Let a job stand still until it is resumed'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from job" -f -a "resume" -d 'Let a paused job go on'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from settings" -f -a "ls" -d 'List every setting with its default'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from settings" -f -a "get" -d 'Show one setting'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from settings" -f -a "set" -d 'Change a setting, at once and for all nodes'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from settings" -f -a "reset" -d 'Set back to the default'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "failover" -d 'Kill the leader over and over, and measure who notices'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "chaos" -d 'Let things go wrong under load, and report what held'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "view" -d 'Show every setting as it holds now'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "get" -d 'Print one setting as it holds now'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "set" -d 'Set a default, or a value of one context'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "unset" -d 'Remove a default, or a value of one context'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "path" -d 'Print where the configuration file is'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from context" -f -a "ls" -d 'List contexts, the current one marked'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from context" -f -a "add" -d 'Add a context, or change its endpoints'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from context" -f -a "use" -d 'Make a context the current one'
complete -c vsctl -n "__fish_vsctl_using_subcommand help; and __fish_seen_subcommand_from context" -f -a "rm" -d 'Forget a context'
