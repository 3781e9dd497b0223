# SPDX-License-Identifier: MIT
# bash completion for reactor-cli; the commands are the server's own (HELP lists them all)
_reactor_cli() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  case $previous in
    --framing) mapfile -t COMPREPLY < <(compgen -W 'resp line raw' -- "$current") ;;
    --cacert | --cert | --key) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    --host) mapfile -t COMPREPLY < <(compgen -A hostname -- "$current") ;;
    client) mapfile -t COMPREPLY < <(compgen -W 'getname help id info kill list setname' -- "$current") ;;
    config) mapfile -t COMPREPLY < <(compgen -W 'get help' -- "$current") ;;
    drain) mapfile -t COMPREPLY < <(compgen -W 'on off' -- "$current") ;;
    log) mapfile -t COMPREPLY < <(compgen -W level -- "$current") ;;
    info)
      mapfile -t COMPREPLY < <(compgen -W 'server clients stats commandstats errorstats' -- "$current")
      ;;
    -p | --port | --uri | --sni | --timeout | -r | --repeat | -i | --interval | --name | -n | --rounds | --intrinsic-latency) ;;
    *)
      local words='chat operator doctor top hash upgrade text ceil info help client config'
      case $current in
        -*) words='-x --push --host --port --uri --tls --cacert --cert --key --sni --admin --framing --json --timeout --repeat --interval --rounds --stat --latency --latency-dist --intrinsic-latency --name --user --pass --token --help --version' ;;
      esac
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
      ;;
  esac
}
complete -F _reactor_cli reactor-cli
