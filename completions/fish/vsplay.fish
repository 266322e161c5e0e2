complete -c vsplay -s Q -l quality -d 'Video track to play, as `vsctl show` names it' -r
complete -c vsplay -l start -d 'Begin here, as in 90s or 1:30' -r
complete -c vsplay -l end -d 'End here' -r
complete -c vsplay -l audio -d 'Audio track by language or name; off for none [default: the first]' -r
complete -c vsplay -l subs -d 'Subtitle track to fetch, by language or name; it is not drawn yet' -r
complete -c vsplay -l video -d 'How to draw the picture: half (half-blocks), or off to leave the video track out' -r -f -a "auto\t''
half\t''
off\t''
kitty\t''
sixel\t''
ascii\t''"
complete -c vsplay -s O -l output -d 'Write the bytes played: the video track\'s, or the audio track\'s without one; into a directory, a file for each track' -r -F
complete -c vsplay -l report -d 'Write a report as JSON at the end' -r -F
complete -c vsplay -l status-json -d 'Write the state as a JSON object a second' -r -F
complete -c vsplay -l concurrency -d 'Chunks fetched at a time' -r
complete -c vsplay -l target-buffer -d 'Seconds to fetch ahead' -r
complete -c vsplay -l low-water -d 'Buffer below which a silent node is given up sooner' -r
complete -c vsplay -l start-buffer -d 'Buffer with which playback starts at the latest' -r
complete -c vsplay -l mem -d 'Most memory for chunks' -r
complete -c vsplay -l ping-interval -d 'How often nodes are pinged' -r
complete -c vsplay -s C -l context -d 'Use this context of the configuration file' -r
complete -c vsplay -s e -l endpoint -d 'Nodes to talk to; the first to answer is used' -r
complete -c vsplay -l timeout -d 'Give up after this long, as in 30s' -r
complete -c vsplay -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb'
always\t''
never\t''"
complete -c vsplay -l headless -d 'Play without a terminal'
complete -c vsplay -l no-clock -d 'Play as fast as data comes, for checks'
complete -c vsplay -l stale -d 'Read whatever the answering node has, without asking the others'
complete -c vsplay -s v -l verbose -d 'Say more on stderr: -v steps, -vv calls and timings, -vvv everything'
complete -c vsplay -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vsplay -s V -l version -d 'Print version'
