# Gives the claims of SET the sizes that this release says (SIZES: "data=80Gi log=1Gi"). What a set says about its claims cannot be changed: a set that
# says something else is taken away without its pods, which run on, and the sync makes it again.
for wanted in $SIZES; do
  volume=${wanted%%=*} size=${wanted#*=}
  for claim in $(kubectl -n "$NAMESPACE" get pvc -l "app.kubernetes.io/instance=$SET" -o name); do
    number=${claim#persistentvolumeclaim/"$volume-$SET"-}
    case $number in '' | *[!0-9]*) continue ;; esac
    patch="{\"spec\": {\"resources\": {\"requests\": {\"storage\": \"$size\"}}}}"
    if said=$(kubectl -n "$NAMESPACE" patch "$claim" --type merge -p "$patch" 2>&1); then
      echo "$said"
    else
      case $said in
        *"can not be less than"*) echo "$claim stays as big as it is: volumes do not shrink" ;;
        *) echo "$said" >&2; exit 1 ;;
      esac
    fi
  done
done
has=$(kubectl -n "$NAMESPACE" get statefulset "$SET" --ignore-not-found \
  -o jsonpath='{range .spec.volumeClaimTemplates[*]}{.metadata.name}={.spec.resources.requests.storage} {end}')
if [ -n "$has" ] && [ "$has" != "$SIZES " ]; then
  kubectl -n "$NAMESPACE" delete statefulset "$SET" --cascade=orphan
fi
