# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_vsd_global_optspecs
    string join \n h/help V/version
end

function __fish_vsd_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_vsd_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_vsd_using_subcommand
    set -l cmd (__fish_vsd_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c vsd -n "__fish_vsd_needs_command" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_needs_command" -s V -l version -d 'Print version'
complete -c vsd -n "__fish_vsd_needs_command" -f -a "serve" -d 'Run a node'
complete -c vsd -n "__fish_vsd_needs_command" -f -a "dev" -d 'Run a library for trying things out; it is removed when this ends'
complete -c vsd -n "__fish_vsd_needs_command" -f -a "check-config" -d 'Check a configuration and say what is wrong with it'
complete -c vsd -n "__fish_vsd_needs_command" -f -a "fsck" -d 'Check what a stopped node has on its disks'
complete -c vsd -n "__fish_vsd_needs_command" -f -a "inspect" -d 'Look into what a node has on its disks, also while it runs'
complete -c vsd -n "__fish_vsd_needs_command" -f -a "snapshot" -d 'Keep the metadata of a stopped node in a file, and begin anew from such a file'
complete -c vsd -n "__fish_vsd_needs_command" -f -a "recover" -d 'Go on with one node when most of those that decide are gone for good'
complete -c vsd -n "__fish_vsd_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l config -d 'Configuration file' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l role -d 'Roles of this node: metadata, storage, uploader' -r
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l data-dir -d 'Where metadata and chunks live' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l listen -d 'The one port, for gRPC and chunks' -r
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l advertise -d 'Where others reach this node' -r
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l zone -d 'Failure domain' -r
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l join -d 'Join the cluster that these nodes belong to, with an empty data directory' -r
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l set -d 'Any other key of the configuration' -r
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l dev-faults -d 'Take faults from labs; the `vsd dev` that started this node answers there' -r
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l bootstrap -d 'Begin a new cluster in an empty data directory'
complete -c vsd -n "__fish_vsd_using_subcommand serve" -l insecure -d 'Listen off loopback although nothing is encrypted'
complete -c vsd -n "__fish_vsd_using_subcommand serve" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand dev" -l nodes -d 'Nodes to run, on ports that follow one another' -r
complete -c vsd -n "__fish_vsd_using_subcommand dev" -l dir -d 'Where to keep the library; a folder for temporary files otherwise' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand dev" -l port -d 'Port of the first node' -r
complete -c vsd -n "__fish_vsd_using_subcommand dev" -l keep -d 'Leave the library there when this ends'
complete -c vsd -n "__fish_vsd_using_subcommand dev" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand check-config" -l print-effective -d 'Print every key with the value it has'
complete -c vsd -n "__fish_vsd_using_subcommand check-config" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand fsck" -l config -d 'Configuration file of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand fsck" -l data-dir -d 'Data directory of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand fsck" -l deep -d 'Read every chunk from the disk and check its CRC-32C and SHA-256'
complete -c vsd -n "__fish_vsd_using_subcommand fsck" -l fix -d 'Mend what can be mended without guessing'
complete -c vsd -n "__fish_vsd_using_subcommand fsck" -l json -d 'Write one JSON document'
complete -c vsd -n "__fish_vsd_using_subcommand fsck" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and not __fish_seen_subcommand_from superblock chunk help" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and not __fish_seen_subcommand_from superblock chunk help" -f -a "superblock" -d 'Show what is in a superblock file'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and not __fish_seen_subcommand_from superblock chunk help" -f -a "chunk" -d 'Show every record of a chunk, and which of them counts'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and not __fish_seen_subcommand_from superblock chunk help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from superblock" -l config -d 'Configuration file of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from superblock" -l data-dir -d 'Data directory of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from superblock" -l json -d 'Write one JSON document'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from superblock" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from chunk" -l asset -d 'Only the chunk of this asset' -r
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from chunk" -l config -d 'Configuration file of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from chunk" -l data-dir -d 'Data directory of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from chunk" -l json -d 'Write one JSON document'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from chunk" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from help" -f -a "superblock" -d 'Show what is in a superblock file'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from help" -f -a "chunk" -d 'Show every record of a chunk, and which of them counts'
complete -c vsd -n "__fish_vsd_using_subcommand inspect; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and not __fish_seen_subcommand_from save load info help" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and not __fish_seen_subcommand_from save load info help" -f -a "save" -d 'Write the metadata of a stopped node into a new file'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and not __fish_seen_subcommand_from save load info help" -f -a "load" -d 'Begin a cluster of one, with what is in a file, in an empty data directory'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and not __fish_seen_subcommand_from save load info help" -f -a "info" -d 'Read a whole file, check it, and say what is in it'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and not __fish_seen_subcommand_from save load info help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from save" -l config -d 'Configuration file of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from save" -l data-dir -d 'Data directory of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from save" -l json -d 'Write one JSON document'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from save" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from load" -l config -d 'Configuration file of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from load" -l data-dir -d 'Data directory of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from load" -l dry-run -d 'Say what would be done, and change nothing'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from load" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from info" -l json -d 'Write one JSON document'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from help" -f -a "save" -d 'Write the metadata of a stopped node into a new file'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from help" -f -a "load" -d 'Begin a cluster of one, with what is in a file, in an empty data directory'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from help" -f -a "info" -d 'Read a whole file, check it, and say what is in it'
complete -c vsd -n "__fish_vsd_using_subcommand snapshot; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsd -n "__fish_vsd_using_subcommand recover" -l config -d 'Configuration file of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand recover" -l data-dir -d 'Data directory of the node' -r -F
complete -c vsd -n "__fish_vsd_using_subcommand recover" -l force-new-cluster -d 'Make this node a cluster of one with what it has'
complete -c vsd -n "__fish_vsd_using_subcommand recover" -l dry-run -d 'Say what would be done and what may be lost, and change nothing'
complete -c vsd -n "__fish_vsd_using_subcommand recover" -s y -l yes -d 'Do it without being asked'
complete -c vsd -n "__fish_vsd_using_subcommand recover" -s h -l help -d 'Print help'
complete -c vsd -n "__fish_vsd_using_subcommand help; and not __fish_seen_subcommand_from serve dev check-config fsck inspect snapshot recover help" -f -a "serve" -d 'Run a node'
complete -c vsd -n "__fish_vsd_using_subcommand help; and not __fish_seen_subcommand_from serve dev check-config fsck inspect snapshot recover help" -f -a "dev" -d 'Run a library for trying things out; it is removed when this ends'
complete -c vsd -n "__fish_vsd_using_subcommand help; and not __fish_seen_subcommand_from serve dev check-config fsck inspect snapshot recover help" -f -a "check-config" -d 'Check a configuration and say what is wrong with it'
complete -c vsd -n "__fish_vsd_using_subcommand help; and not __fish_seen_subcommand_from serve dev check-config fsck inspect snapshot recover help" -f -a "fsck" -d 'Check what a stopped node has on its disks'
complete -c vsd -n "__fish_vsd_using_subcommand help; and not __fish_seen_subcommand_from serve dev check-config fsck inspect snapshot recover help" -f -a "inspect" -d 'Look into what a node has on its disks, also while it runs'
complete -c vsd -n "__fish_vsd_using_subcommand help; and not __fish_seen_subcommand_from serve dev check-config fsck inspect snapshot recover help" -f -a "snapshot" -d 'Keep the metadata of a stopped node in a file, and begin anew from such a file'
complete -c vsd -n "__fish_vsd_using_subcommand help; and not __fish_seen_subcommand_from serve dev check-config fsck inspect snapshot recover help" -f -a "recover" -d 'Go on with one node when most of those that decide are gone for good'
complete -c vsd -n "__fish_vsd_using_subcommand help; and not __fish_seen_subcommand_from serve dev check-config fsck inspect snapshot recover help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vsd -n "__fish_vsd_using_subcommand help; and __fish_seen_subcommand_from inspect" -f -a "superblock" -d 'Show what is in a superblock file'
complete -c vsd -n "__fish_vsd_using_subcommand help; and __fish_seen_subcommand_from inspect" -f -a "chunk" -d 'Show every record of a chunk, and which of them counts'
complete -c vsd -n "__fish_vsd_using_subcommand help; and __fish_seen_subcommand_from snapshot" -f -a "save" -d 'Write the metadata of a stopped node into a new file'
complete -c vsd -n "__fish_vsd_using_subcommand help; and __fish_seen_subcommand_from snapshot" -f -a "load" -d 'Begin a cluster of one, with what is in a file, in an empty data directory'
complete -c vsd -n "__fish_vsd_using_subcommand help; and __fish_seen_subcommand_from snapshot" -f -a "info" -d 'Read a whole file, check it, and say what is in it'
