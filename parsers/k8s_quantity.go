package parsers

import (
	"math"
	"regexp"

	"k8s.io/apimachinery/pkg/api/resource"
)

// k8sQuantityText bounds what goes to the quantity parser: with an exponent of many digits it computes for minutes.
var k8sQuantityText = regexp.MustCompile(`^[+-]?[0-9.]{1,32}(?:[eE][+-]?[0-9]{1,2}|[KMGTPE]i|[numkMGTPE])?$`)

func k8sParseQuantity(text string) (resource.Quantity, bool) {
	if !k8sQuantityText.MatchString(text) {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(text)
	return q, err == nil
}

// k8sQuantity is a quantity in its base unit: bytes, cores, pieces; -1 when it is none.
func k8sQuantity(text string) float64 {
	q, ok := k8sParseQuantity(text)
	if !ok {
		return -1
	}
	return q.AsApproximateFloat64()
}

// k8sCount is a quantity as a whole number of units of 1/scale; -1 when it is none.
func k8sCount(text string, scale float64) int64 {
	value := k8sQuantity(text)
	if value < 0 {
		return -1
	}
	return int64(math.Round(min(value*scale, 1<<62)))
}

// k8sQuantities is a map of quantities in their base units, without those that are none; nil when there is none.
func k8sQuantities(o *k8sVal, path ...string) map[string]float64 {
	var all map[string]float64
	for _, q := range o.entries(path...) {
		if value := k8sQuantity(q.text); value >= 0 {
			if all == nil {
				all = map[string]float64{}
			}
			all[q.key] = value
		}
	}
	return all
}
