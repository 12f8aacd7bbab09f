# Writes the addresses that clients are told to $INTO, separated by commas: the external addresses of the machine
# (FROM=nodeExternalIP) or those of the pod's load balancers (FROM=service), as the Kubernetes API names them.
# It waits for them up to $TIMEOUT_S seconds.
set -eu

account=${ACCOUNT_DIR:-/var/run/secrets/kubernetes.io/serviceaccount}
host=$KUBERNETES_SERVICE_HOST
case $host in *:*) host="[$host]" ;; esac
api="https://$host:$KUBERNETES_SERVICE_PORT/api/v1"

# One JSON object a line, without spaces.
ask() {
  printf 'Authorization: Bearer %s\n' "$(cat "$account/token")" |
    curl --silent --show-error --fail --max-time 10 --cacert "$account/ca.crt" --header @- "$api/$1" |
    tr -d ' \n' | tr '{}' '\n\n'
}

# Addresses of the families that the server listens on.
usable() {
  while read -r address; do
    case "$address $FAMILIES" in
      *:*' '*6*) echo "$address" ;;
      *:*) ;;
      *.*) echo "$address" ;;
    esac
  done
}

# Load balancers that have a name instead of an address.
resolved() {
  while read -r name; do getent ahosts "$name" | while read -r address _; do echo "$address"; done; done
}

# Fails if one of the parts has no address yet.
look_up() {
  case $FROM in
    nodeExternalIP)
      found=$(ask "nodes/$NODE" | sed -n 's/.*"type":"ExternalIP","address":"\([^"]*\)".*/\1/p' | usable)
      [ -n "$found" ] && echo "$found"
      ;;
    service)
      for service in $SERVICES; do
        service=$(echo "$service" | sed "s/{ordinal}/${POD##*-}/")
        answer=$(ask "namespaces/$NAMESPACE/services/$service")
        found=$(
          {
            echo "$answer" | sed -n 's/^"ip":"\([^"]*\)".*/\1/p'
            echo "$answer" | sed -n 's/.*"hostname":"\([^"]*\)".*/\1/p' | resolved
          } | usable
        )
        [ -n "$found" ] || return 1
        echo "$found"
      done
      ;;
  esac
}

waited=0
until found=$(look_up); do
  if [ "$waited" -ge "$TIMEOUT_S" ]; then
    echo "no address for $POD from $FROM after $waited s: does the machine have an external address, or the" \
      "cluster a controller for load balancers?" >&2
    exit 1
  fi
  echo "waiting for an address of $POD from $FROM" >&2
  sleep 2
  waited=$((waited + 2))
done
{ echo "$found"; echo "$MORE" | tr ',' '\n'; } | sed '/^$/d' | sort -u | tr '\n' ',' | sed 's/,$//' >"$INTO"
echo "clients are told $(cat "$INTO")"
