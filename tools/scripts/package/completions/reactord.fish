# SPDX-License-Identifier: MIT
complete -c reactord -f
complete -c reactord -l config -r -F -d 'the configuration'
complete -c reactord -l listen -x -d 'listen there, and not where the configuration says'
complete -c reactord -l check-config -d 'say what is wrong with the configuration'
complete -c reactord -l print-config -d 'print all settings in force'
complete -c reactord -l reload -x -a '(pgrep -x reactord)' -d 'tell a running daemon to load it'
complete -c reactord -l take-over -r -F -d 'take over from the daemon that serves, at its admin socket'
complete -c reactord -l help -d 'print a summary'
complete -c reactord -l version -d 'print the version'
